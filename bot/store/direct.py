"""Statements that go to the driver as they are written.

SQLAlchemy builds a statement, looks up how it compiles and adapts the driver: for the
statements that every turn runs many times, that is several times the work of sending
them (``docs/benchmarks.md``). These are constant. They run on the connection, and in
the transaction, that everything else runs on.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeAlias

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreRefusedError, StoreUnavailableError

Row: TypeAlias = asyncpg.Record
Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_COMMENT = re.compile(r"--.*$", re.MULTILINE)
_NAME = re.compile(r"(?<![:\w]):([a-z]\w*)")

# SQLSTATE classes after which the same transaction may succeed later: connection,
# out of resources, shutting down or cancelled, serialisation and deadlock, a lock
# not granted in time, a standby that was the primary until now.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
TRANSIENT = ("08", "53", "57", "40001", "40P01", "55P03", "25006")


@dataclass(frozen=True, slots=True)
class Direct:
    """A constant statement; make it with `direct` or `direct_from_file`."""

    sql: str
    names: tuple[str, ...]
    """Of its parameters, in the order of their numbers."""

    async def all(self, conn: AsyncConnection, **values: object) -> list[Row]:
        """Run it and return its rows.

        Args:
            conn: The caller's transaction.
            **values: Its parameters: all of them, and no other.

        Raises:
            StoreUnavailableError: Postgres went away or gave up.
            StoreRefusedError: Postgres refuses what was to be written.
        """
        assert len(values) == len(self.names), f"it takes {self.names}"
        driver = driver_of(conn)
        with translated(driver):
            return await driver.fetch(self.sql, *(values[name] for name in self.names))

    async def one(self, conn: AsyncConnection, **values: object) -> Row | None:
        """Run it and return its only row, if there is one; see `all`."""
        rows = await self.all(conn, **values)
        assert len(rows) <= 1, "it gives one row at most"
        return rows[0] if rows else None


def direct(text: str) -> Direct:
    """Return the statement; its ``:names`` are parameters.

    Every parameter's type must be known to Postgres from where it stands.
    """
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    # A colon in a comment must not become a parameter.
    sql = _NAME.sub(number, _COMMENT.sub("", text))
    return Direct(sql, tuple(names))


def direct_from_file(name: str) -> Direct:
    """Return the statement in ``sql/NAME.sql``, which says why it is as it is."""
    file = files("bot.store").joinpath("sql", f"{name}.sql")
    return direct(file.read_text("utf-8"))


def driver_of(conn: AsyncConnection) -> Driver:
    """Return the driver's own connection."""
    assert conn.sync_connection is not None, "it is open"
    driver: Driver | None = conn.sync_connection.connection.driver_connection
    assert driver is not None, "it is open"
    return driver


@contextmanager
def translated(driver: Driver) -> Generator[None]:
    """Turn the driver's errors into the store's.

    Raises:
        StoreUnavailableError: Postgres went away or gave up; it may be tried again.
        StoreRefusedError: It may not.
    """
    try:
        yield
    except asyncpg.InternalClientError as error:  # it breaks at this very moment
        raise StoreUnavailableError(f"the connection broke: {error}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        state = str(getattr(error, "sqlstate", None) or "")
        said = error.args[0] if error.args else ""  # its detail shows what is in rows
        if state.startswith(TRANSIENT) or driver.is_closed():
            raise StoreUnavailableError(f"Postgres gave up: {said}") from error
        raise StoreRefusedError(f"Postgres refuses: {said}") from error
