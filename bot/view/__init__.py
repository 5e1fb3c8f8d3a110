"""What one audience sees of a turn, in no platform's words. Pure."""
