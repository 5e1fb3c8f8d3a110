"""The injections of `tests/security/injections.toml`: attacks by text, as data."""

import tomllib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Where = Literal["article", "ticket", "name", "output", "message", "reason", "resource"]
WHERE: tuple[Where, ...] = get_args(Where)
FILE = Path(__file__).parents[1] / "security/injections.toml"


class Ordered(BaseModel):
    """One call that an obedient model makes."""

    model_config = ConfigDict(extra="forbid")
    tool: str
    arguments: dict[str, Any]


class Injection(BaseModel):
    """One attack."""

    model_config = ConfigDict(extra="forbid")
    id: str
    where: Where
    text: str
    calls: list[Ordered] = Field(default_factory=list[Ordered])
    says: str = ""
    secrets: list[str] = Field(default_factory=list[str])


def injections() -> list[Injection]:
    """Return all attacks of the file."""
    document = tomllib.loads(FILE.read_text("utf-8"))
    return [Injection.model_validate(entry) for entry in document["injection"]]
