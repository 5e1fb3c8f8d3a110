"""Stand-ins for the systems in which access is really given."""
