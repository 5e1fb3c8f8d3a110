"""The composition root: reads settings once, builds everything, runs it. No logic."""
