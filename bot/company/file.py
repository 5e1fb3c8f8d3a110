"""Read the company file from disk; every problem at once, each with its place."""

import tomllib
from collections.abc import Set as AbstractSet
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
    """Its path in the folder, without the ending."""
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
    """Return the articles in the knowledge folder beside the company file.

    Raises:
        ConfigError: A file there cannot be read, or is no text.
    """
    folder = knowledge_folder(company, path)
    return [
        article_from(file, ref_in(folder, file)) for file in files_in(folder, {".md"})
    ]


def knowledge_folder(company: Company, path: Path) -> Path:
    """Return where the articles are of the company whose file is at ``path``."""
    return path.parent / company.knowledge.folder


def files_in(folder: Path, endings: AbstractSet[str]) -> list[Path]:
    """Return the files with some endings in a folder and those below it, in order.

    What is hidden is left out: among it are the folders in which Kubernetes keeps
    earlier versions of a mounted ConfigMap.
    """
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in endings
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and file.is_file()
    )


def ref_in(folder: Path, file: Path) -> str:
    """Return the name of an article in ``folder``: its path there, without ending."""
    return file.relative_to(folder).with_suffix("").as_posix()


def article_from(file: Path, ref: str) -> ArticleFile:
    """Return the article that a file holds.

    Raises:
        ConfigError: The file cannot be read, or is no text.
    """
    try:
        head, body = parted(file.read_text("utf-8"))
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise ConfigError(f"article {file}", [problem]) from error
    except UnicodeDecodeError as error:
        problem = "is no text in UTF-8; save it as such"
        raise ConfigError(f"article {file}", [problem]) from error
    return ArticleFile(
        ref=ref,
        title=head.get("title", file.stem.replace("-", " ").capitalize()),
        owner=head.get("owner", ""),
        updated=head.get("updated", ""),
        body=body,
    )


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
