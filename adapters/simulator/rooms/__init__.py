"""What the demo has beside the sample company: an MCP server that knows meeting rooms."""
