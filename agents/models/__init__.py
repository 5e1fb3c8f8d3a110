"""The agents' models."""
