"""Bring a database's schema up to this release's.

Any number of replicas may start at once: one migrates, the others wait and then find
nothing left to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import bot
from bot.store.engine import connect, create_engine

_LOCK = 7_205_759_403_792_793
"""The advisory lock that migrating replicas queue for; any number nobody else has."""


async def migrate(url: str) -> list[str]:
    """Apply what is missing and return the revisions applied, oldest first.

    Raises:
        StoreUnavailableError: Postgres cannot be reached.
    """
    engine = create_engine(url, pool_size=1, statement=None)
    try:
        async with connect(engine) as conn:
            # Held by the session, not by a transaction: each revision has its own.
            await conn.execute(text("SELECT pg_advisory_lock(:it)"), {"it": _LOCK})
            await conn.commit()
            missing = await conn.run_sync(_missing)
            await conn.commit()
            if missing:
                await conn.run_sync(_upgrade)
            return missing
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Return the revisions that `migrate` would apply, oldest first.

    Raises:
        StoreUnavailableError: Postgres cannot be reached.
    """
    engine = create_engine(url, pool_size=1)
    try:
        async with connect(engine) as conn:
            return await conn.run_sync(_missing)
    finally:
        await engine.dispose()


def _config(conn: Connection | None = None) -> Config:
    config = Config()
    # Beside the package, in the checkout as in the wheel.
    folder = Path(bot.__file__).parent.parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    return config


def _missing(conn: Connection) -> list[str]:
    at = MigrationContext.configure(conn).get_current_heads()
    scripts = ScriptDirectory.from_config(_config())
    steps = scripts.iterate_revisions("heads", at or "base")
    return [step.revision for step in steps][::-1]


def _upgrade(conn: Connection) -> None:
    command.upgrade(_config(conn), "heads")
