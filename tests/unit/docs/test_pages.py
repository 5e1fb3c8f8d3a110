"""The documents say what is there: links, commands, files, sentences of the bot."""

import argparse
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cli import parser
from tests.support.pages import (
    PAGES,
    ROOT,
    anchors_in,
    blocks_in,
    code_of,
    links_in,
    name_of,
    page,
    prose_in,
    rows_in,
    spans_in,
)

MOST_LINES = 120
LONG = {"README.md", "company-file.md", "benchmarks.md"}
"""Looked things up in, not read from the top."""
TARGETS = set(re.findall(r"^(\w+):", page("Makefile"), re.MULTILINE)) - {"help"}
FOLDERS = ("bot", "agents", "adapters", "tests", "migrations", "deploy", "docs")

pages = pytest.mark.parametrize("path", PAGES, ids=name_of)


@pages
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for link in links_in(text):
        where = urlsplit(link)
        if where.scheme:
            assert where.scheme == "https", link
            continue
        target = (path.parent / where.path) if where.path else path
        assert target.exists(), link
        if where.fragment:
            assert where.fragment in anchors_in(target.read_text("utf-8")), link


@pages
def test_every_file_that_is_named_is_there(path: Path) -> None:
    for span in spans_in(path.read_text("utf-8")):
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})(?:/[\w.-]+)+/?", span):
            invented = "NAME" in span or span in {"deploy/.env", "deploy/company"}
            planned = path.name == "0004-deviations.md"
            assert invented or planned or (ROOT / span).exists(), span


def _commands(path: Path) -> Iterator[list[str]]:
    """Yield the words of every command line that the page shows."""
    text = path.read_text("utf-8")
    lines = [line for block in blocks_in(text, "sh") for line in block.splitlines()]
    for line in [*lines, *spans_in(text)]:
        words = shlex.split(line.split(" #")[0].split(" > ")[0], posix=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words:
            yield words


@pages
def test_every_make_target_that_is_shown_exists(path: Path) -> None:
    for words in _commands(path):
        if words[0] == "make" and len(words) > 1:
            assert words[1] in TARGETS, words


@pages
def test_every_deskhand_command_that_is_shown_is_understood(path: Path) -> None:
    for words in _commands(path):
        partly = any("|" in word for word in words) or words[1:] in ([], ["turns"])
        if Path(words[0]).name != "deskhand" or partly or "--help" in words:
            continue
        if words[1] == "manifest" and "--host" not in words:
            words += ["--host", "bot.example.com"]
        if words[1:] in (["turns", "show"], ["turns", "replay"]):
            words += ["ID"]
        parser().parse_args(words[1:])


def test_the_readme_lists_every_command_and_no_other() -> None:
    listed = [code_of(row[0]).split() for row in rows_in(page("README.md"), "command")]
    ours = [words[1:] for words in listed if words[0] == "deskhand"]
    commands = set(re.findall(r"^    (\w+)  ", parser().format_help(), re.MULTILINE))
    assert {words[0] for words in ours} == commands
    for words in ours:
        host = ["--host", "x"] if words[0] == "manifest" else []
        parser().parse_args([*words, *host])


def test_options_that_the_readme_lists_exist() -> None:
    for row in rows_in(page("README.md"), "command"):
        usage = _help_of(code_of(row[0]).split()[1:])
        for option in re.findall(r"`(--[\w-]+)", row[1]):
            assert option in usage, option


def _help_of(command: list[str]) -> str:
    """Return what ``--help`` says, from the parser that the words lead to."""
    found = parser()
    for word in command:
        for action in found._actions:
            match action:
                case argparse._SubParsersAction() if word in action.choices:
                    found = action.choices[word]
                case _:
                    pass
    return found.format_help()


SOURCES = "\n".join(
    [page("Makefile"), page("tests/support/get_browser.py")]
    + [
        file.read_text("utf-8")
        for folder in ("bot", "adapters/slack", "adapters/teams")
        for file in sorted((ROOT / folder).rglob("*.py"))
    ]
)


def test_one_version_is_released() -> None:
    version = tomllib.loads(page("pyproject.toml"))["project"]["version"]
    released = re.findall(r"^## \[([\d.]+)\]", page("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == version
    assert f"image: deskhand:{version}\n" in page("deploy/compose.yaml")


def test_what_troubleshooting_quotes_is_what_the_code_says() -> None:
    rows = list(rows_in(page("README.md"), "you see"))
    assert len(rows) > 8
    for row in rows:
        for quoted in re.findall(r"`([^`]+)`", row[0]):
            said = re.sub(r"slack answered '\w+'", "answered", quoted)
            assert said in SOURCES, quoted


@pages
def test_a_page_is_short_and_has_one_sentence_a_line(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.name not in LONG:
        assert len(text.splitlines()) <= MOST_LINES
    for line in prose_in(text).splitlines():
        if line[:1] in {"", "|", "#", "*", "-", "!"} or line[0].isdigit():
            continue
        # Short sentences may share a line; a paragraph may not be one.
        assert len(line) <= 250, line
