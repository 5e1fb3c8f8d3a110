"""Read the company file from disk; every problem at once, each with its place."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bot.company.model import Company
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


def load_company(path: Path) -> Company:
    """Return the company that the TOML file at ``path`` describes.

    Raises:
        ConfigError: The file is missing, not TOML, or says something impossible.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"company file {path}",
            [f"cannot be read ({error.strerror}); set DESKHAND_CONFIG to your file"],
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"company file {path}", [f"is not TOML: {error}"]) from error
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


def _place(location: tuple[int | str, ...]) -> str:
    parts = [f"#{part + 1}" if isinstance(part, int) else part for part in location]
    return " ".join(parts) or "the file"


def _article(file: Path) -> ArticleFile:
    text = file.read_text("utf-8")
    head: dict[str, str] = {}
    if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
        for line in text[4:end].splitlines():
            key, _, value = line.partition(":")
            head[key.strip()] = value.strip()
        text = text[end + 5 :]
    return ArticleFile(
        ref=file.stem,
        title=head.get("title", file.stem.replace("-", " ").capitalize()),
        owner=head.get("owner", ""),
        updated=head.get("updated", ""),
        body=text.strip(),
    )
