"""Deskhand's core (protocol to engine) and its roof (cli, app, settings)."""
