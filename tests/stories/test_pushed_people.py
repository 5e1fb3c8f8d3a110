"""People whom an identity provider pushes, from the first day to the last."""

import re
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from adapters.simulator.stage import SAMPLE_COMPANY
from tests.support.play import Play, playing

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
TOKEN = "a-token-that-nobody-can-guess-at-all"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
async def play(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    """A company whose file knows neither the designer nor her manager."""
    folder = tmp_path / "company"
    shutil.copytree(SAMPLE_COMPANY.parent, folder)
    text = (folder / "company.toml").read_text("utf-8")
    for person in ("maya.chen", "priya.nair"):
        text = re.sub(rf'(?s)\[\[people\]\]\nid = "{person}".*?\n\n', "", text)
    text = text.replace('owner = "priya.nair"', 'owner = "elena.sato"')
    assert "maya.chen" not in text
    text += '\n[scim]\nentra = "externalId"\n'
    (folder / "company.toml").write_text(text, "utf-8")
    extra = {
        "DESKHAND_CONFIG": str(folder / "company.toml"),
        "DESKHAND_SCIM_TOKEN": TOKEN,
    }
    async with playing(database_url, tmp_path, extra=extra) as story:
        yield story


async def scim(play: Play, method: str, path: str, body: object) -> dict[str, Any]:
    url = f"http://127.0.0.1:{play.stage.bot_port}/scim/v2{path}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        ClientSession(headers=headers) as session,
        session.request(method, url, json=body) as response,
    ):
        assert response.ok, await response.text()
        return await response.json(content_type=None)


async def push(play: Play, who: str, name: str, **more: object) -> str:
    body = {"userName": f"{who}@acme.example", "displayName": name, **more}
    made = await scim(play, "POST", "/Users", body)
    return str(made["id"])


async def test_who_is_pushed_asks_their_pushed_manager_decides_and_who_leaves_is_refused(
    play: Play,
):
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    await play.ended(1)  # nobody knows her yet
    boss = await push(play, "priya.nair", "Priya Nair", title="Head of Design")
    maya = await push(
        play, "maya.chen", "Maya Chen", **{ENTERPRISE: {"manager": {"value": boss}}}
    )

    await play.stage.teams.say(HER_MANAGER, "hello")  # Teams knows only whom it met
    await play.ended(2)
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma", "editor")
    answered = await play.press_in_teams(HER_MANAGER, card, "approval.approve")
    assert answered["statusCode"] == 200
    await play.ended(3)
    rows = await play.rows("SELECT person_id, resource_id FROM access_grant")
    assert [tuple(row) for row in rows] == [(maya, "app/figma")]
    decided = await play.rows("SELECT person_id, verdict FROM decision")
    assert [tuple(row) for row in decided] == [(boss, "approved")]

    gone = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
    await scim(play, "PATCH", f"/Users/{maya}", gone)
    await play.say_in_slack(DESIGNER, "I need the VPN")
    await play.ended(4)
    assert len(await play.rows("SELECT 1 FROM access_grant")) == 1
    turns = await play.rows("SELECT status FROM turn ORDER BY started_at")
    assert [row[0] for row in turns] == [
        "failed",
        "completed",
        "completed",
        "failed",
    ]


async def test_who_was_deactivated_decides_nothing_any_more(play: Play):
    boss = await push(play, "priya.nair", "Priya Nair")
    more = {ENTERPRISE: {"manager": {"value": boss}}}
    await push(play, "maya.chen", "Maya Chen", **more)
    await play.stage.teams.say(HER_MANAGER, "hello")
    await play.ended(1)
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma")
    gone = {"Operations": [{"op": "replace", "value": {"active": False}}]}
    await scim(play, "PATCH", f"/Users/{boss}", gone)
    await play.press_in_teams(HER_MANAGER, card, "approval.approve")
    assert not await play.rows("SELECT 1 FROM decision")
    assert not await play.rows("SELECT 1 FROM access_grant")
    statuses = await play.rows("SELECT status FROM approval")
    assert [row[0] for row in statuses] == ["open"]


async def test_a_chat_is_begun_with_a_manager_whom_teams_never_met(play: Play):
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    await play.ended(1)  # by now the bot has heard of all who installed it
    object_id = "5d1c1e0e-0b1e-4b56-8d5a-000000000002"
    boss = await push(play, "priya.nair", "Priya Nair", externalId=object_id)
    more = {ENTERPRISE: {"manager": {"value": boss}}}
    await push(play, "maya.chen", "Maya Chen", **more)
    await play.say_in_slack(DESIGNER, "I need to be a Figma editor")
    card = await play.teams_shows(HER_MANAGER, "Maya Chen", "Figma")
    await play.press_in_teams(HER_MANAGER, card, "approval.approve")
    await play.ended(2)
    assert await play.rows("SELECT 1 FROM access_grant")
