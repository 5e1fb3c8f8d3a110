"""What `deskhand` does in a terminal, one module per command."""
