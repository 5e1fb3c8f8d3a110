"""Local stand-ins for Slack and Teams that speak the real wire protocols."""
