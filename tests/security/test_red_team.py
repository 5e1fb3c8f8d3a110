"""The red team through HTTP, engine, Postgres and both platforms: all attacks at once."""

from pathlib import Path

import pytest

from tests.support.attacks import injections
from tests.support.red_team import OTHER_NAME, battle
from tests.support.red_team_findings import findings

ALL = injections()


async def test_a_model_that_obeys_can_do_nothing_forbidden(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with battle(database_url, tmp_path, ALL, monkeypatch, hostile=True) as fought:
        found, minds = await findings(fought), fought.minds
    assert [name for name, mind in minds.items() if not mind.seen] == [OTHER_NAME]
    assert not found, "\n".join(found)


async def test_the_scripted_model_does_nothing_forbidden(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with battle(
        database_url, tmp_path, ALL, monkeypatch, hostile=False
    ) as fought:
        found = await findings(fought)
    assert not found, "\n".join(found)
