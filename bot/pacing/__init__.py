"""When to send which revision of which surface. Sans-I/O."""
