"""Connections to Postgres: the pool, transactions, and notifications.

Every connection is opened by asyncpg from the URL as the operator wrote it, so that
libpq's own options (``sslmode``, several hosts, a socket's folder) mean what they
mean everywhere else.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Literal

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StoreRefusedError, StoreUnavailableError
from bot.store.direct import TRANSIENT, Driver, driver_of, translated

CONNECT_SECONDS = 5.0
"""How long opening a connection, or waiting for a free one, may take."""

STATEMENT = timedelta(seconds=15)
"""After this Postgres gives a statement up: nothing here is ever that slow."""

IDLE = timedelta(seconds=3)
"""After this a transaction whose owner stands still is rolled back: its locks would
keep others from their own conversations for longer than a lease lasts."""

TRANSACTION = STATEMENT
"""After this Postgres ends a whole transaction. `IDLE` does not count while a process
that stands still has told half of a statement (parsed, and not bound yet), and neither
does `STATEMENT`: Postgres then waits for the other half, with all locks, for ever."""

_PROBE_SECONDS = 30.0
"""How often a silent listener makes sure that somebody is still there."""
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""How long a listener waits before it connects again; the last value repeats."""

_BOUNDS_TRANSACTIONS = (17,)
"""Since this version Postgres has ``transaction_timeout``."""
_BOUND = "SELECT set_config('transaction_timeout', $1, false)"

_CANNOT_CONNECT = (
    OSError,
    PoolTimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)


def dsn_of(url: str) -> str:
    """Return ``url`` as asyncpg wants it, whatever driver it names."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise ValueError(
            f"{scheme!r} is not a Postgres URL; write postgresql://user@host/database"
        )
    return f"postgresql://{rest}"


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    statement: timedelta | None = STATEMENT,
    isolation: Literal["AUTOCOMMIT", "READ COMMITTED"] = "AUTOCOMMIT",
) -> AsyncEngine:
    """Return a pool of at most ``pool_size`` connections; none is opened yet.

    Args:
        url: ``postgres://``, ``postgresql://`` or ``postgresql+asyncpg://``.
        pool_size: Connections kept and opened at most.
        statement: When Postgres gives a statement up; ``None`` for never.
        isolation: Whether SQLAlchemy begins a transaction with every first statement,
            as it does with ``READ COMMITTED``; otherwise only `begin` does.
    """
    dsn = dsn_of(url)
    settings = {
        "application_name": "deskhand",
        "jit": "off",  # costs more than any statement here
        "timezone": "UTC",
        "statement_timeout": _milliseconds(statement),
        "idle_in_transaction_session_timeout": _milliseconds(
            statement and min(statement, IDLE)
        ),
    }

    async def open_connection() -> "asyncpg.Connection[asyncpg.Record]":
        conn = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, server_settings=settings
        )
        if statement and conn.get_server_version() >= _BOUNDS_TRANSACTIONS:
            await conn.execute(_BOUND, _milliseconds(TRANSACTION))
        return conn

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=open_connection,
        isolation_level=isolation,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_use_lifo=True,
        pool_recycle=1800,
    )


@asynccontextmanager
async def connect(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Take a connection for the block; each statement is a transaction of its own.

    For looking: what is seen by two statements need not fit together then, but nor
    need it in a transaction (READ COMMITTED), which costs two more round trips.

    Raises:
        StoreUnavailableError: Postgres cannot be reached, went away or gave up.
    """
    async with AsyncExitStack() as stack:
        # Only here: an OSError of the block itself is the caller's.
        try:
            conn = await stack.enter_async_context(engine.connect())
            while driver_of(conn).is_closed():  # it broke while it lay in the pool
                await conn.invalidate()
                await conn.close()
                conn = await stack.enter_async_context(engine.connect())
        except (*_CANNOT_CONNECT, DBAPIError) as error:
            raise StoreUnavailableError(
                f"cannot connect to Postgres: {error}"
            ) from error
        try:
            yield conn
        except DBAPIError as error:
            if not _is_transient(error):
                raise
            raise StoreUnavailableError(f"Postgres gave up: {error.orig}") from error


@asynccontextmanager
async def begin(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction that commits at the end of the block.

    Raises:
        StoreUnavailableError: Postgres cannot be reached, went away or gave up.
            Nothing was written; only where the connection broke during the commit
            itself nobody can tell, so look before doing it again.
    """
    async with connect(engine) as conn, _transaction(driver_of(conn)):
        yield conn


@asynccontextmanager
async def _transaction(driver: Driver) -> AsyncGenerator[None]:
    transaction = driver.transaction()
    over = False
    try:
        with translated(driver):
            await transaction.start()
        try:
            yield
        except BaseException:
            with suppress(StoreUnavailableError, StoreRefusedError), translated(driver):
                await transaction.rollback()
            over = True
            raise
        with translated(driver):
            await transaction.commit()
        over = True
    finally:
        if not over:  # nobody knows what it is in the middle of
            driver.terminate()


async def listen(
    url: str,
    channels: Sequence[str],
    on_notify: Callable[[str, str], None],
    *,
    on_connect: Callable[[], None] | None = None,
) -> None:
    """Call ``on_notify(channel, payload)`` for every notification, until cancelled.

    Keeps a connection of its own and opens a new one when it breaks. What was
    notified in between is lost, so look for work in ``on_connect``, which is called
    each time the channels are open.
    """
    failures = 0
    while True:
        try:
            await _listen_once(dsn_of(url), channels, on_notify, on_connect)
            failures = 0
        except _CANNOT_CONNECT:
            failures += 1
        await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])


async def _listen_once(
    dsn: str,
    channels: Sequence[str],
    on_notify: Callable[[str, str], None],
    on_connect: Callable[[], None] | None,
) -> None:
    gone = asyncio.Event()

    def hear(_conn: object, _pid: int, channel: str, payload: object) -> None:
        on_notify(channel, str(payload))

    conn = await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": "deskhand listener"},
    )
    try:
        conn.add_termination_listener(lambda _conn: gone.set())
        for channel in channels:
            await conn.add_listener(channel, hear)
        if on_connect is not None:
            on_connect()
        while not gone.is_set():
            try:
                async with asyncio.timeout(_PROBE_SECONDS):
                    await gone.wait()
            except TimeoutError:
                await conn.execute("SELECT 1", timeout=CONNECT_SECONDS)
    finally:
        conn.terminate()


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    return state.startswith(TRANSIENT)


def _milliseconds(limit: timedelta | None) -> str:
    return str(round(limit / timedelta(milliseconds=1))) if limit else "0"
