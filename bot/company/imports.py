"""Articles that somebody imports: files and folders, checked before anything is written."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.company.file import ArticleFile, article_from, files_in, ref_in
from bot.errors import ConfigError

ENDINGS = frozenset({".md", ".markdown", ".txt"})
LARGEST = 1_000_000
"""Bytes of one file; an article is read by people."""


def articles_at(paths: Sequence[Path]) -> list[ArticleFile]:
    """Return the articles in some files and folders.

    A file's article is named after the file, one in a folder after its path there.

    Raises:
        ConfigError: Something cannot be imported; all problems are listed.
    """
    problems: list[str] = []
    found: dict[str, tuple[Path, ArticleFile]] = {}
    for path in paths:
        named = list(_named(path))
        if not named:
            problems.append(_nothing_at(path))
        for file, ref in named:
            if ref in found:
                problems.append(f"{found[ref][0]} and {file} would both be {ref!r}")
            elif problem := _problem_with(file):
                problems.append(problem)
            else:
                try:
                    found[ref] = (file, article_from(file, ref))
                except ConfigError as error:
                    problems.append(str(error))
    if problems:
        raise ConfigError("what to import", problems)
    return [article for _, article in found.values()]


def _named(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_dir():
        for file in files_in(path, ENDINGS):
            yield file, ref_in(path, file)
    elif path.is_file():
        yield path, path.stem


def _nothing_at(path: Path) -> str:
    if "://" in str(path) or str(path).startswith(("http:/", "https:/")):
        return f"{path} is an address; save the page as a file, and import that"
    if path.is_dir():
        return f"{path} has no file that ends in {', '.join(sorted(ENDINGS))}"
    return f"there is no {path}"


def _problem_with(file: Path) -> str:
    if file.suffix.lower() not in ENDINGS:
        return f"{file} is none of {', '.join(sorted(ENDINGS))}"
    if file.stat().st_size > LARGEST:
        return f"{file} is larger than {LARGEST:,} bytes; split it"
    return ""
