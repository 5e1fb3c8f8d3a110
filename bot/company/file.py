"""Read the company file from disk; every problem at once, each with its place."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from bot.company.model import Company
from bot.company.page import agent_document, parted
from bot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """One Markdown file of the knowledge folder."""

    ref: str
    """File name without ``.md``."""
    title: str
    owner: str
    updated: str
    body: str
    """Markdown without the front matter."""


AGENTS_FOLDER = "agents"
"""Beside the company file: one Markdown file for each agent of the company's own."""


def load_company(path: Path) -> Company:
    """Return the company that the TOML file at ``path`` describes.

    Files in the folder ``agents`` beside it declare agents; what the file itself says
    of an agent goes before that.

    Raises:
        ConfigError: The file is missing, not TOML, or says something impossible.
    """
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"company file {path}",
            [f"cannot be read ({error.strerror}); set DESKHAND_CONFIG to your file"],
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"company file {path}", [f"is not TOML: {error}"]) from error
    _add_agents(document, path.parent / AGENTS_FOLDER)
    try:
        return Company.model_validate(document)
    except ValidationError as error:
        raise ConfigError(
            f"company file {path}",
            [
                f"{_place(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors()
            ],
        ) from error


def load_articles(company: Company, path: Path) -> list[ArticleFile]:
    """Return the articles in the knowledge folder beside the company file."""
    folder = path.parent / company.knowledge.folder
    return [_article(file) for file in sorted(folder.glob("*.md"))]


def _add_agents(document: dict[str, Any], folder: Path) -> None:
    """Put what the files in ``folder`` declare into the company file's document."""
    agents: Any = document.get("agents", {})
    if not isinstance(agents, dict):
        return  # the model says what is wrong
    known = cast("dict[str, Any]", agents)
    for file in sorted(folder.glob("*.md")):
        said: Any = known.get(file.stem, {})
        if isinstance(said, dict):
            declared = agent_document(file.read_text("utf-8"))
            document.setdefault("agents", {})[file.stem] = {**declared, **said}


def _place(location: tuple[int | str, ...]) -> str:
    parts = [f"#{part + 1}" if isinstance(part, int) else part for part in location]
    return " ".join(parts) or "the file"


def _article(file: Path) -> ArticleFile:
    head, body = parted(file.read_text("utf-8"))
    return ArticleFile(
        ref=file.stem,
        title=head.get("title", file.stem.replace("-", " ").capitalize()),
        owner=head.get("owner", ""),
        updated=head.get("updated", ""),
        body=body,
    )
