"""The outside: chat platforms, the operators' console and local stand-ins."""
