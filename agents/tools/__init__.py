"""The agents' tools."""
