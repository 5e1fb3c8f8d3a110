"""Replicas on machines whose clocks are wrong, on one database."""

import re
import shutil
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.simulator.stage import SAMPLE_COMPANY
from bot.clock import SystemClock
from tests.support.play import Play, said_in
from tests.support.replicas import Fleet, Replica, fleet_on

WITHIN = timedelta(minutes=4)
"""How long people have to decide: less than either clock is wrong by."""
WRONG_BY = timedelta(minutes=5)
WORDS_PER_SECOND = 40
"""So that both replicas look at a turn while it runs."""
DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
ENGINEER, HIS_MANAGER = "U0OMAR", "U0TOMAS"
WISH, QUESTION = "I need to be a Figma editor", "How do I connect to the VPN?"

_TIMES = """
SELECT at, lag(at) OVER (PARTITION BY turn_id ORDER BY seq) AS before, type,
       abs(extract(epoch FROM at - clock_timestamp())) AS ago
FROM turn_event
"""


@pytest.fixture
async def fleet(database_url: str, tmp_path: Path) -> AsyncGenerator[Fleet]:
    folder = shutil.copytree(SAMPLE_COMPANY.parent, tmp_path / "company")
    company = folder / "company.toml"
    text, changed = re.subn(
        r'(name = "Editing in Figma costs money"\n(?:.*\n){2}approval = )\[.*\]',
        r'\1[{ by = "manager", within = "4m", then = "expire" }]',
        company.read_text("utf-8"),
    )
    assert changed == 1
    company.write_text(text, "utf-8")
    async with fleet_on(database_url, tmp_path, company_file=company) as opened:
        yield opened


async def start(fleet: Fleet, name: str, ahead: timedelta) -> Replica:
    return await fleet.start(
        name,
        program=("tests.support.shifted_clock", str(ahead.total_seconds())),
        words_per_second=WORDS_PER_SECOND,
    )


async def say(
    fleet: Fleet, user: str, text: str, *, to: Replica, thread: str | None = None
) -> str:
    """Let one replica take a message, and return when nobody has anything to do."""
    [other] = (replica for replica in fleet.replicas if replica is not to)
    seen = len(fleet.play.bot_in_slack(user))
    with other.paused():
        fleet.deliver_to(to)
        asked = await fleet.play.say_in_slack(user, text, thread)
        await fleet.play.stage.slack.wait_for(
            lambda: len(fleet.play.bot_in_slack(user)) > seen, 40
        )
    await fleet.all_let_go()
    return thread or asked


def clock_in(play: Play) -> str:
    """Return when the time to decide runs out, should it begin now."""
    zone = ZoneInfo(play.stage.company.company.timezone)
    return f"{(SystemClock().now() + WITHIN).astimezone(zone):%H:%M}"


async def test_clocks_that_are_five_minutes_wrong_change_nothing(fleet: Fleet) -> None:
    play = fleet.play
    behind = await start(fleet, "behind", -WRONG_BY)
    await fleet.joined(behind)
    ahead = await start(fleet, "ahead", WRONG_BY)

    begun = clock_in(play)
    hers = await say(fleet, DESIGNER, WISH, to=behind)
    his = await say(fleet, ENGINEER, WISH, to=ahead)
    times = {begun, clock_in(play)}
    her_card = await play.teams_shows(HER_MANAGER, "Figma")
    his_card = await play.slack_shows(HIS_MANAGER, "Figma")
    for card in (her_card, his_card):
        assert any(time in said_in(card) for time in times), said_in(card)
    # Each looks at the request that the other made.
    await say(fleet, DESIGNER, QUESTION, to=ahead, thread=hers)
    await say(fleet, ENGINEER, QUESTION, to=behind, thread=his)
    left = await play.rows(
        "SELECT requester_id, status, expires_at - created_at AS time FROM approval"
    )
    assert [row["status"] for row in left] == ["open", "open"]
    for row in left:
        assert abs(row["time"] - WITHIN) < timedelta(seconds=10), row

    fleet.deliver_to(ahead)
    await play.press_in_teams(HER_MANAGER, her_card, "approval.approve")
    fleet.deliver_to(behind)
    channel = play.direct(HIS_MANAGER)
    await play.stage.slack.click(
        HIS_MANAGER, channel, his_card["ts"], "approval.approve"
    )
    await play.ended(4)

    grants = await play.rows("SELECT person_id FROM access_grant ORDER BY 1")
    assert [row[0] for row in grants] == ["maya.chen", "omar.haddad"]
    assert await fleet.claims(taken_over=False) == {"behind", "ahead"}
    assert await fleet.claims(taken_over=True) == set()
    for event in await play.rows(_TIMES):
        assert event["ago"] < 120, event
        assert event["before"] is None or event["before"] <= event["at"], event
    for user in (DESIGNER, ENGINEER):
        for message in play.bot_in_slack(user):
            assert not re.search(r"\d min", said_in(message)), said_in(message)
