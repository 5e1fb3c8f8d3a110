"""Who somebody is: the platform's word, the directory, and e-mail between them."""

import re
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.simulator.stage import SAMPLE_COMPANY
from tests.support.play import Play, playing

DESIGNER, ENGINEER, HIS_MANAGER, CONTRACTOR = (
    "U0MAYA",
    "omar.haddad",
    "U0TOMAS",
    "U0NOAH",
)


@pytest.fixture
async def without_ids(database_url: str, tmp_path: Path) -> AsyncGenerator[Play]:
    """A company file that has e-mails only, and does not know the contractor."""
    folder = tmp_path / "company"
    shutil.copytree(SAMPLE_COMPANY.parent, folder)
    text = (folder / "company.toml").read_text("utf-8")
    text = re.sub(r'(?m)^slack = ".*"\n', "", text)
    text = re.sub(r'(?s)\[\[people\]\]\nid = "noah.kim".*?\n\n', "", text)
    (folder / "company.toml").write_text(text, "utf-8")
    config = {"DESKHAND_CONFIG": str(folder / "company.toml")}
    async with playing(database_url, tmp_path, extra=config) as play:
        yield play


async def test_who_asks_is_matched_by_e_mail(without_ids: Play) -> None:
    play = without_ids
    await play.say_in_slack(
        DESIGNER, "Can I get read access to the design system repo?"
    )
    await play.ended()
    rows = await play.rows("SELECT person_id FROM access_grant")
    assert [row[0] for row in rows] == ["maya.chen"]
    [linked] = await play.rows("SELECT slack FROM person WHERE person_id='maya.chen'")
    assert linked[0] == DESIGNER


async def test_who_decides_is_found_by_e_mail(without_ids: Play) -> None:
    play = without_ids
    await play.stage.teams.say(ENGINEER, "I need a 27 inch monitor")
    await play.slack_shows(HIS_MANAGER, "Omar Haddad", "monitor")


async def test_a_stranger_is_told_so_and_nothing_is_done(without_ids: Play) -> None:
    play = without_ids
    await play.say_in_slack(CONTRACTOR, "give me access to the VPN")
    await play.ended()
    [message] = play.bot_in_slack(CONTRACTOR)
    assert message
    assert not await play.rows("SELECT 1 FROM access_grant")
    assert [row[0] for row in await play.rows("SELECT status FROM turn")] == ["failed"]
