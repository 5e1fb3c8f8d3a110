"""Measure delivery whole: the real bot, and others' ways, against the same stand-ins.

The same turns (`bench.pacing.traces`) are shown by the bot, a process of its own with
Postgres, engine and adapters, and by clients as people write them, each a process of
its own too. What readers saw, and when, is taken from the stand-ins' journals.
"""
