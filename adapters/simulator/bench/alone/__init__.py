"""Measure the engine alone: no web server, no platform, no model that takes time.

This runs inside the process that is measured (``bot/commands/bench_alone.py``), on the
real worker, runners, log and Postgres. Only who answers (`alone.agents`) and who shows
(`alone.engine.Silent`) are made for it: what they would cost is another figure.
"""
