"""A schema that a newer release has migrated is no error, while this one runs on it.

The release before had no such rule; how it starts nevertheless is here too.
"""

from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from bot.errors import ConfigError
from bot.store.engine import dsn_of
from bot.store.migrate import migrate, pending
from tests.support.play import playing

NEWER, OURS = "0099_made_up", "0009_endings"


async def change(database_url: str, *statements: str) -> None:
    conn = await asyncpg.connect(dsn_of(database_url))
    try:
        await conn.execute(";".join(statements))
    finally:
        await conn.close()


async def is_at(database_url: str, revision: str) -> None:
    await change(database_url, f"UPDATE schema_revision SET version_num = '{revision}'")


async def test_nothing_is_missing_where_a_newer_release_has_migrated(
    database_url: str,
) -> None:
    await is_at(database_url, NEWER)
    with capture_logs() as logs:
        assert await migrate(database_url) == []
    assert await pending(database_url) == []
    [entry] = logs
    assert entry["event"] == "schema.newer"
    assert entry["revisions"] == [NEWER]
    assert entry["hint"]


async def test_a_replica_starts_and_works_on_a_newer_schema(
    database_url: str, tmp_path: Path
) -> None:
    await is_at(database_url, NEWER)
    await change(database_url, "ALTER TABLE turn ADD COLUMN made_up text DEFAULT ''")
    async with playing(database_url, tmp_path) as play:
        await play.say_in_slack("U0MAYA", "How do I connect to the VPN?")
        await play.slack_shows("U0MAYA", "Acme Connect")
        await play.ended()


async def test_a_release_that_is_too_old_for_the_schema_is_told_so(
    database_url: str,
) -> None:
    comment = "COMMENT ON TABLE schema_revision IS '{}'"
    await is_at(database_url, NEWER)
    await change(database_url, comment.format("0098_expanded"))
    with pytest.raises(ConfigError, match="needs a release that knows '0098_expanded'"):
        await migrate(database_url)
    await change(database_url, comment.format(OURS))
    assert await migrate(database_url) == []


@pytest.mark.parametrize("revision", ["5f2a91bb07cd", "0001_other"])
async def test_another_programs_schema_is_refused(
    database_url: str, revision: str
) -> None:
    await is_at(database_url, revision)
    with pytest.raises(ConfigError, match="no Deskhand release's"):
        await pending(database_url)


async def test_the_first_releases_table_of_revisions_stays_as_it_finds_it(
    previous_database_url: str,
) -> None:
    """It cannot start where it finds a revision that it does not know."""
    since = [
        *("0002_completion", "0003_budgets", "0004_claimed_as", "0005_knowledge"),
        *("0006_model_use", "0007_scim", "0008_tickets"),
        OURS,
    ]
    assert await pending(previous_database_url) == since
    assert await migrate(previous_database_url) == since
    assert await pending(previous_database_url) == []
    assert await migrate(previous_database_url) == []
    conn = await asyncpg.connect(dsn_of(previous_database_url))
    try:
        found = await conn.fetchrow(
            "SELECT a.version_num, s.version_num FROM alembic_version a, schema_revision s"
        )
    finally:
        await conn.close()
    assert found
    assert tuple(found) == ("0001_initial", OURS)
