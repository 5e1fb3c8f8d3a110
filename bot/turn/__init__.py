"""A turn's state: what happened (reduce) and what must happen next (decide). Pure."""
