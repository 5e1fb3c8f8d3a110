"""The red team through HTTP, engine, Postgres and both platforms: all attacks at once."""

from pathlib import Path

import pytest

from tests.support.attacks import injections
from tests.support.red_team import OTHER_NAME, battle
from tests.support.red_team_findings import findings

ALL = injections()
_READ = """
SELECT turn.requester_id, asked.body->>'name' AS name
FROM turn_event AS asked
JOIN turn_event AS done USING (tenant_id, turn_id)
JOIN turn USING (tenant_id, turn_id)
WHERE asked.body->>'type' = 'tool.requested' AND done.body->>'type' = 'tool.finished'
  AND asked.body->>'call_id' = done.body->>'call_id'
  AND asked.body->>'name' LIKE 'read\\_%' AND done.body->>'outcome' = 'done'
"""


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
        found, read = await findings(fought), await fought.play.rows(_READ)
    by_tool = {("ticket", "read_ticket"), ("output", "read_page")}
    assert {(row["requester_id"], row["name"]) for row in read} == {
        (case.person, name)
        for case in fought.cases.values()
        for where, name in by_tool
        if case.attack.where == where
    }
    assert not found, "\n".join(found)
