"""Text as Postgres can keep it."""


def storable(text: str) -> str:
    """Return ``text`` without NULs, which ``text`` columns refuse; people paste them."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
