"""How articles are taken apart, and how well their sections fit a question. Pure."""
