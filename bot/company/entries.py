"""What every entry of the company file is made of: closed tables, durations, stages."""

import re
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: object) -> object:
    """Return the seconds that ``"15m"``, ``"4h"`` or ``"2d"`` stands for."""
    if isinstance(text, str) and (
        match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhd])", text.strip())
    ):
        return float(match[1]) * _UNITS[match[2]]
    if isinstance(text, str):
        raise ValueError(f"{text!r} is not a duration; write it like 15m, 4h or 2d")
    return text


Seconds: TypeAlias = Annotated[float, BeforeValidator(seconds_of), Field(gt=0)]


class Entry(BaseModel):
    """Base of all tables: frozen, and closed, so that a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def key_of(name: str) -> str:
    """Return a user name, an e-mail or a group's name as it is compared.

    Only the case of ASCII letters is ignored: Python's `lower` also turns other signs
    into ASCII ones, and so an address into somebody else's.
    """
    return "".join(c.lower() if c.isascii() else c for c in name.strip())


class StageRule(Entry):
    """One stage of an approval, before anybody's name is known."""

    by: str
    """``manager``, ``owner``, ``group:NAME`` or a person's id."""
    need: int = Field(default=1, ge=1)
    within: Seconds
    remind: Seconds | None = None
    then: str = "expire"
