"""Tables of a simulated database: rows by key, and the rules they keep."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

K = TypeVar("K", bound=tuple[Any, ...])
R = TypeVar("R")

Key: TypeAlias = tuple[Any, ...]
Parent: TypeAlias = Callable[[Any, Any], tuple["Table[Any, Any]", Key]]
"""From a row's key and the row to the row that must be there for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row, before and after a commit; ``None`` where it is not there."""

    table: str
    key: Key
    before: Any
    after: Any


class Table(Generic[K, R]):
    """Committed rows. Rows are frozen: a change puts another one in its place.

    Args:
        name: As in Postgres.
        group: Rows are also found by so many first parts of their key.
        rules: CHECK constraints, by the sentence they enforce.
        parent: The foreign key.
    """

    def __init__(
        self,
        name: str,
        *,
        group: int = 0,
        rules: Mapping[str, Callable[[R], bool]] | None = None,
        parent: Parent | None = None,
    ) -> None:
        self.name = name
        self.rows: dict[K, R] = {}
        self.rules = rules or {}
        self.parent = parent
        self._group = group
        self._groups: dict[Key, dict[K, R]] = {}

    def of(self, *group: object) -> Mapping[K, R]:
        """Return the rows whose keys begin so, in the order in which they came."""
        return self._groups.get(group, {}) if group else self.rows

    def holds(self, key: K, group: tuple[object, ...]) -> bool:
        """Return whether a key belongs to a group."""
        return key[: len(group)] == group

    def write(self, key: K, row: R | None) -> Change:
        """Put a row in its place, or remove it; only commits do this."""
        before = self.rows.get(key)
        group = self._groups.setdefault(key[: self._group], {}) if self._group else {}
        if row is None:
            self.rows.pop(key, None)
            group.pop(key, None)
        else:
            self.rows[key] = group[key] = row
        return Change(table=self.name, key=key, before=before, after=row)
