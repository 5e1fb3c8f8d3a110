"""On which line of a TOML file its tables begin. Pure.

`tomllib` says no lines. This knows just enough of TOML to find where each table, each
entry of a list of tables, and each key of theirs begins; what it cannot tell it leaves
out, so an error is told with the line of what encloses it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Place: TypeAlias = tuple[int | str, ...]
"""As pydantic says where something is: keys, and numbers from 0."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|^[ \t]*\[\[?[^\]\n]+\]\]?[ \t]*(?:\#[^\n]*)?$"
    r"|[A-Za-z0-9_-]+(?=[ \t]*=)"
    r"|[\[\]{},\n]",
    re.DOTALL | re.MULTILINE,
)
_HEADER = re.compile(r"\s*(\[\[?)([^\]]+)\]\]?")


def lines_in(text: str) -> Mapping[Place, int]:
    """Return the lines on which parts of a file begin, counted from 1."""
    return _Reader(text).found


def line_of(place: Sequence[int | str], lines: Mapping[Place, int]) -> int | None:
    """Return the line of a place, or of the nearest thing around it."""
    for length in range(len(place), 0, -1):
        if line := lines.get(tuple(place[:length])):
            return line
    return None


class _Reader:
    def __init__(self, text: str) -> None:
        self.found: dict[Place, int] = {}
        self._tables: Counter[str] = Counter()
        self._table: Place = ()
        self._open: list[tuple[str, Place, int]] = []
        """Brackets that are open: which, of what, and how many entries it had."""
        self._key: Place = ()
        for match in _TOKEN.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            self._take(match[0], line)

    def _take(self, token: str, line: int) -> None:
        if not self._open and (
            header := _HEADER.fullmatch(token.split("#", maxsplit=1)[0].rstrip())
        ):
            self._head(header[1], header[2], line + token.count("\n"))
        elif token in {"[", "{"}:
            self._begin(token, line)
        elif token in {"]", "}"}:
            self._end()
        elif token.lstrip()[:1] == "[":  # a list of its own line, in another
            self._begin("[", line)
            self._end()
        elif token[0] not in "\"'#,\n":
            around = self._open[-1][1] if self._open else self._table
            self._key = (*around, token)
            self.found.setdefault(self._key, line)

    def _head(self, brackets: str, name: str, line: int) -> None:
        parts = [part.strip().strip("\"'") for part in name.split(".")]
        place: Place = ()
        for depth, part in enumerate(parts, 1):
            place = (*place, part)
            dotted = ".".join(parts[:depth])
            if brackets == "[[" and depth == len(parts):
                place = (*place, self._tables[dotted])
                self._tables[dotted] += 1
            elif self._tables[dotted]:
                place = (*place, self._tables[dotted] - 1)
        self._table = self._key = place
        self.found.setdefault(place, line)

    def _end(self) -> None:
        if self._open:
            self._open.pop()

    def _begin(self, bracket: str, line: int) -> None:
        of = self._key
        if self._open and self._open[-1][0] == "[":
            kind, around, count = self._open[-1]
            self._open[-1] = (kind, around, count + 1)
            of = (*around, count)
            self.found.setdefault(of, line)
        self._open.append((bracket, of, 0))
