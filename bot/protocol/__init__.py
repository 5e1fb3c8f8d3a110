"""The vocabulary that engine, agents and adapters share. Pure."""
