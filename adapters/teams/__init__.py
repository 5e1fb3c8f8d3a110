"""The teams adapter."""
