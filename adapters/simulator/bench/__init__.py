"""Measure the real bot: a process of its own, against the stand-ins, over loopback.

Nothing here looks into the bot. It is judged by what comes out: answers to webhooks,
calls that reach the stand-ins, ``/metrics``, rows in Postgres, and what the kernel
says of its process.
"""
