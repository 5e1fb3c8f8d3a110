"""The delicate statements: one per file in ``bot/store/sql``, read once.

Each file says why its locks and its order are as they are.
"""

import re
from importlib.resources import files

from sqlalchemy import TextClause, text

_COMMENT = re.compile(r"--.*$", re.MULTILINE)


def statement(name: str) -> TextClause:
    """Return the statement in ``sql/NAME.sql``; its ``:names`` are bound parameters."""
    source = files("bot.store").joinpath("sql", f"{name}.sql").read_text("utf-8")
    # A colon in a comment must not become a parameter.
    return text(_COMMENT.sub("", source))
