"""How much work a stranger's schema may make: counted when listed, and in each check.

A small schema can ask for more than the age of the universe: references that lead to
two more each, forty deep. Checks run where everything else runs, so nobody else could
go on. Pure.
"""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final, cast
from urllib.parse import unquote

from jsonschema.exceptions import ValidationError as Misfit

MOST_VISITS = 5_000
"""Parts of a schema, each as often as references lead to it."""
MOST_WORK = 50_000
"""In one check: keywords looked at, what they go through, and what they complain of."""
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_NOWHERE: Final = object()
_left: ContextVar[int] = ContextVar("left", default=MOST_WORK)

Keyword = Callable[[Any, Any, Any, Any], Iterator[Misfit] | None]


class TooMuchError(Exception):
    """A check would take too long."""


def visits(schema: Mapping[str, Any]) -> int:
    """Return how many parts there are with references followed; stops at too many.

    A reference back to where it is reached from is not followed again: how deep that
    goes is decided by the arguments, and `MOST_WORK` ends it.
    """
    seen = 0
    todo: list[tuple[object, frozenset[str]]] = [(dict(schema), frozenset())]
    while todo and seen <= MOST_VISITS:
        value, by = todo.pop()
        seen += 1
        if isinstance(value, list):
            todo += [(inner, by) for inner in cast("list[object]", value)]
        elif isinstance(value, dict):
            part = cast("dict[str, object]", value)
            todo += [(inner, by) for inner in part.values()]
            for where in {str(part[key]) for key in REFERENCES if key in part} - by:
                todo.append((_at(schema, where), by | {where}))
    return seen


def _at(schema: Mapping[str, Any], where: str) -> object:
    found: object = schema
    for raw in unquote(where.removeprefix("#")).split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = cast("dict[str, object]", found).get(step, _NOWHERE)
        elif isinstance(found, list) and step.isdecimal():
            items = cast("list[object]", found)
            found = items[int(step)] if int(step) < len(items) else _NOWHERE
        else:
            return _NOWHERE
    return found


def begin() -> None:
    """Begin a check."""
    _left.set(MOST_WORK)


def counted(name: str, keyword: Keyword) -> Keyword:
    """Return a keyword's check that ends when the check as a whole takes too long.

    Raises:
        TooMuchError: Then, when it is used.
    """

    def check(
        validator: object, value: object, given: object, schema: object
    ) -> Iterator[Misfit]:
        items = _size(given)
        each = items * items // 10 if name == "uniqueItems" else items
        _spend(1 + each + _size(value))
        for misfit in keyword(validator, value, given, schema) or ():
            _spend(1 + len(misfit.message) // 100)
            yield misfit

    return check


def _size(value: object) -> int:
    return len(cast("list[object]", value)) if isinstance(value, list | dict) else 0


def _spend(work: int) -> None:
    left = _left.get() - work
    if left < 0:
        raise TooMuchError
    _left.set(left)
