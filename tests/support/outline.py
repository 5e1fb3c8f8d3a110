"""Read as much YAML as a compose file has: nested mappings, lists, plain values.

Flow lists stay text. Whatever this reader does not know is an error with its line, so
that nothing is checked that was not understood.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

Outline: TypeAlias = dict[tuple[str, ...], str]
"""Every key by its path, list entries by number; mappings and lists have no text."""

_ENTRY = re.compile(
    r"""(?P<indent>\ *)(?P<dash>-\ )?
        (?:(?P<key>[A-Za-z_][\w.-]*):(?:\ +|$))?(?P<value>.*)$""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"(?:^|\s)#.*$")


class OutlineError(Exception):
    """A line that this reader does not know."""


def read_outline(text: str) -> Outline:
    """Return every path of the document with its text.

    Raises:
        OutlineError: Tabs, odd indentation, a doubled key, or a line of another form.
    """
    found: Outline = {}
    open_at: list[tuple[int, str]] = []
    counts: dict[tuple[str, ...], int] = {}
    for number, indent, entry in _entries(text):
        while open_at and open_at[-1][0] >= indent:
            open_at.pop()
        parents = tuple(name for _, name in open_at)
        if entry["dash"]:
            counts[parents] = counts.get(parents, -1) + 1
            open_at.append((indent, str(counts[parents])))
        elif not entry["key"]:
            raise OutlineError(f"line {number}: neither a key nor a list entry")
        if entry["key"]:
            open_at.append((indent + len(entry["dash"]), entry["key"]))
        path = tuple(name for _, name in open_at)
        if path in found:
            raise OutlineError(f"line {number}: {'.'.join(path)} is there twice")
        found[path] = _unquoted(entry["value"])
    return found


def _entries(text: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        bare = _COMMENT.sub("", line).rstrip()
        if not bare:
            continue
        match = _ENTRY.match(bare)
        if "\t" in bare or match is None or len(match["indent"]) % 2:
            raise OutlineError(f"line {number}: indent with an even number of spaces")
        yield number, len(match["indent"]), match.groupdict(default="")


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
