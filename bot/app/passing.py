"""Time that passes at once: in this process and in its database, by the same amount.

What is due then is due for everybody who asks either what time it is, and nobody has
waited. A database has this once, before its schema is made.
"""

import asyncio
from datetime import datetime, timedelta

import asyncpg
from typing_extensions import override

from bot.clock import Clock, SystemClock
from bot.store.engine import dsn_of

_AHEAD = """
CREATE SCHEMA passing;
CREATE TABLE passing.time (ahead interval NOT NULL);
INSERT INTO passing.time VALUES ('0');
CREATE FUNCTION passing.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
AS 'SELECT pg_catalog.statement_timestamp() + ahead FROM passing.time';
CREATE FUNCTION passing.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM passing.time';
CREATE FUNCTION passing.now() RETURNS timestamptz LANGUAGE sql STABLE
AS 'SELECT pg_catalog.now() + ahead FROM passing.time';
DO $$ BEGIN EXECUTE format(
    'ALTER DATABASE %I SET search_path = public, passing, pg_catalog', current_database()
); END $$
"""
"""Ours are found before Postgres' own, in all sessions from then on."""


class PassingTime(Clock):
    """The machine's clock, ahead by what has passed at once.

    Args:
        url: An empty database, which goes by the same time from `begin` on.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._machine = SystemClock()
        self._ahead = timedelta()
        self._moved = asyncio.Event()
        """Set, and replaced by another, each time."""

    async def begin(self) -> None:
        """Let the database go by this clock."""
        await self._execute(_AHEAD)

    async def move_to(self, moment: datetime) -> None:
        """Let it be ``moment`` now; an earlier one changes nothing."""
        left = moment - self.now()
        if left <= timedelta():
            return
        ahead = self._ahead + left
        await self._execute("UPDATE passing.time SET ahead = $1", ahead)
        self._ahead = ahead
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    @override
    def now(self) -> datetime:
        return self._machine.now() + self._ahead

    @override
    def monotonic(self) -> float:
        return self._machine.monotonic() + self._ahead.total_seconds()

    @override
    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._moved.wait()
            except TimeoutError:
                return

    async def _execute(self, statement: str, *values: object) -> None:
        conn = await asyncpg.connect(dsn_of(self._url))
        try:
            await conn.execute(statement, *values)
        finally:
            await conn.close()
