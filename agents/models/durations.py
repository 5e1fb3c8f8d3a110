"""For how long something is wanted, as people say it: "for two weeks". Pure."""

import re
from collections.abc import Mapping

_NUMBERS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_COUNTS: Mapping[str, int] = {
    "a": 1,
    "an": 1,
    "another": 1,
    "a couple of": 2,
    **{word: number for number, word in enumerate(_NUMBERS, start=1)},
}
_UNITS: Mapping[str, int] = {
    "day": 1,
    "week": 7,
    "fortnight": 14,
    "month": 30,
    "quarter": 91,
    "year": 365,
}
_SPAN = (
    rf"(?P<count>\d{{1,3}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})[\s-]+"
    rf"(?:more\s+)?(?P<unit>{'|'.join(_UNITS)})s?\b"
)
_FOR = re.compile(
    rf"\bfor\s+(?:about\s+|only\s+|just\s+|the\s+next\s+|some\s+|up\s+to\s+)*{_SPAN}"
)
_ALONE = re.compile(rf"(?<!in )(?<!every )(?<!per )\b{_SPAN}(?!\s+(?:ago|old))")


def days_in(text: str, *, alone: bool = False) -> int | None:
    """Return how many days ``text`` (folded) says; ``None`` if it does not.

    Args:
        text: Where to look.
        alone: Whether a span counts without a "for", as in "make it two weeks".
    """
    found = _FOR.search(text) or (_ALONE.search(text) if alone else None)
    if not found:
        return None
    count = found["count"]
    number = int(count) if count.isdecimal() else _COUNTS[count]
    return number * _UNITS[found["unit"]] or None


def without_span(text: str) -> str:
    """Return ``text`` (folded) without the words for how long."""
    return _ALONE.sub("", _FOR.sub("", text))


def in_days(days: int) -> str:
    """Return a span as a task says it."""
    return f"for {days} day{'' if days == 1 else 's'}"
