"""Bring a database's schema up to this release's.

Any number of replicas may start at once: one migrates, the others wait and then find
nothing left to do.

In a rolling deploy two releases share the schema, and a replica of the older one may
start again after the newer one has migrated. So a revision that is newer than this
release's is no error: nothing is missing, as long as the release still runs there. A
migration that takes something away says which revision's release is the oldest that
does: ``COMMENT ON TABLE schema_revision IS '0002_completion'``.
"""

import re
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import bot
from bot.errors import ConfigError
from bot.store.engine import connect, create_engine

log = structlog.get_logger()

VERSION_TABLE = "schema_revision"
"""Where Alembic keeps which revision a database is at."""
FIRST_VERSION_TABLE = "alembic_version"
"""Where the first release keeps it. It cannot start where it finds a revision that it
does not know, so this table stays at the revision it was at."""

_LOCK = 7_205_759_403_792_793
"""The advisory lock that migrating replicas queue for; any number nobody else has."""
_OURS = re.compile(r"\d{4}_\w+")
"""How Deskhand's revisions are named: they sort by age."""
_OLDEST_THAT_RUNS = text("SELECT obj_description(to_regclass(:it), 'pg_class')")


async def migrate(url: str) -> list[str]:
    """Apply what is missing and return the revisions applied, oldest first.

    Raises:
        ConfigError: The schema is not Deskhand's, or too new for this release.
        StoreUnavailableError: Postgres cannot be reached.
    """
    engine = create_engine(url, pool_size=1, statement=None, isolation="READ COMMITTED")
    try:
        async with connect(engine) as conn:
            # Held by the session, not by a transaction: each revision has its own.
            await conn.execute(text("SELECT pg_advisory_lock(:it)"), {"it": _LOCK})
            await conn.commit()
            missing = await conn.run_sync(_missing)
            if missing:
                await conn.run_sync(_upgrade)
            return missing
    finally:
        await engine.dispose()


async def pending(url: str) -> list[str]:
    """Return the revisions that `migrate` would apply, oldest first.

    Raises:
        ConfigError: The schema is not Deskhand's, or too new for this release.
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
    at = _heads(conn, VERSION_TABLE) or _heads(conn, FIRST_VERSION_TABLE)
    scripts = ScriptDirectory.from_config(_config())
    known = [step.revision for step in scripts.walk_revisions()]
    newer = [revision for revision in at if revision not in known]
    if newer:
        _check_runs(conn, newer, known)
        log.warning(
            "schema.newer",
            revisions=newer,
            hint="Finish the deploy: a newer release has migrated this database.",
        )
        return []
    steps = scripts.iterate_revisions("heads", at or "base")
    return [step.revision for step in steps][::-1]


def _heads(conn: Connection, table: str) -> tuple[str, ...]:
    options = {"version_table": table}
    return MigrationContext.configure(conn, opts=options).get_current_heads()


def _check_runs(conn: Connection, newer: list[str], known: list[str]) -> None:
    """Refuse a schema that this release cannot run on."""
    for revision in newer:
        if not _OURS.fullmatch(revision) or revision < max(known):
            problem = f"its schema is at {revision!r}, which is no Deskhand release's"
            raise ConfigError("the database", [f"{problem}; use one of its own"])
    oldest = conn.scalar(_OLDEST_THAT_RUNS, {"it": VERSION_TABLE})
    if oldest and oldest not in known:
        problem = f"its schema needs a release that knows {oldest!r}, or a later one"
        raise ConfigError("the database", [f"{problem}; this one is too old for it"])


def _upgrade(conn: Connection) -> None:
    config = _config(conn)
    before = _heads(conn, FIRST_VERSION_TABLE)
    stamped = _heads(conn, VERSION_TABLE)
    conn.commit()  # Alembic begins and commits its own, and none inside another's
    if before and not stamped:
        command.stamp(config, list(before))
    command.upgrade(config, "heads")
