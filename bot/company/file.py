"""Read the company file from disk; every problem at once, each with its place."""

import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from bot.company.model import Company
from bot.company.page import (
    agent_document,
    lines_of,
    parted,
    problems_of_agent,
)
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
    places = _add_agents(document, path.parent / AGENTS_FOLDER)
    try:
        company = Company.model_validate(document)
    except ValidationError as error:
        raise ConfigError(
            f"company file {path}",
            [
                f"{_place(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors()
            ],
        ) from error
    agents = {
        name: agent.declared_at(places.get(name, {}))
        for name, agent in company.agents.items()
    }
    return company.model_copy(update={"agents": agents})


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


def _add_agents(document: dict[str, Any], folder: Path) -> dict[str, dict[str, str]]:
    """Put what the files in ``folder`` declare into the company file's document.

    Returns:
        For each agent the place of each key that was taken from its file.

    Raises:
        ConfigError: A file there is no text, or its head says something impossible.
    """
    agents: Any = document.get("agents", {})
    if not isinstance(agents, dict):
        return {}  # the model says what is wrong
    known = cast("dict[str, Any]", agents)
    places: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for file in sorted(folder.glob("*.md")):
        said: Any = known.get(file.stem, {})
        if not isinstance(said, dict):
            continue
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{_file(file)}: cannot be read as UTF-8 text: {error}")
            continue
        problems += problems_of_agent(text, _file(file))
        declared = agent_document(text)
        document.setdefault("agents", {})[file.stem] = {**declared, **said}
        lines = lines_of(text)
        places[file.stem] = {
            key: f"{_file(file)}, line {lines.get(key, 1)}"
            for key in declared
            if key not in said
        }
    if problems:
        raise ConfigError(f"the folder {folder}", problems)
    return places


def _file(file: Path) -> str:
    return f"{AGENTS_FOLDER}/{file.name}"


def _place(location: tuple[int | str, ...]) -> str:
    parts = [f"#{part + 1}" if isinstance(part, int) else part for part in location]
    return " ".join(parts) or "the file"
