"""Scenarios for agents: what is said and decided, and what must come of it."""
