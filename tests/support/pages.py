"""The documents as data: their tables, code blocks, links and commands."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
)

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def page(name: str) -> str:
    """Return a page's text, by its path from the root."""
    return (ROOT / name).read_text("utf-8")


def name_of(path: Path) -> str:
    """Return a page's path from the root."""
    return str(path.relative_to(ROOT))


def blocks_in(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [body for _, kind, body in _BLOCK.findall(text) if kind == language]


def prose_in(text: str) -> str:
    """Return the text without its fenced blocks."""
    return _BLOCK.sub("", text)


def links_in(text: str) -> list[str]:
    """Return where the text's links and pictures lead."""
    return _LINK.findall(prose_in(text))


def anchors_in(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = _HEADING.findall(prose_in(text))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def spans_in(text: str) -> list[str]:
    """Return what stands in backticks, outside of blocks."""
    return _CODE.findall(prose_in(text))


def rows_in(text: str, header: str) -> Iterator[list[str]]:
    """Yield the cells of every row of the tables whose header begins with ``header``."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith(f"| {header} |"):
            inside = True
        elif inside and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def code_of(cell: str) -> str:
    """Return the first thing in backticks of a cell."""
    found = _CODE.search(cell)
    return found[1] if found else ""


def sections_in(text: str) -> dict[str, str]:
    """Return the page's second-level sections by heading."""
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
