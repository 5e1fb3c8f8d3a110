"""MCP servers' tools: connected, checked, ruled on by the company file."""
