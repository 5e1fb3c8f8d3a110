"""Clients of the systems in which access is really given."""
