"""What this release understands of what others wrote."""

GENERATION = 1
"""Grows with event types and kinds of mail that an older release must not pass over.

A worker that meets something of a newer release leaves the conversation to workers of
a newer generation, instead of going on with half of what it should know.
"""
