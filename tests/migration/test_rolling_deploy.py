"""The previous release, as it was shipped, beside this one on one database."""

from pathlib import Path

from bot.store.migrate import migrate
from tests.migration.views import check_loaded, looks_like, what_is_shown
from tests.support.play import Play, said_in
from tests.support.replicas import CHECKOUT, Fleet

DESIGNER, HER_MANAGER = "U0MAYA", "priya.nair"
ENGINEER, HIS_MANAGER = "U0OMAR", "U0TOMAS"
WISHES = "I start on Monday: design system repo, a Figma seat and a monitor please"
SLOW, SLOWER = 6, 1
"""Words per second of a turn that is still running when somebody dies."""
STREAMED, THREADS = 12, 12
"""Words per second, of so many turns that not all of them can be edited."""
STUDENT, QUESTION = "U0NOAH", "How do I connect to the VPN?"
LONG = "x" * 3750
MANY = 7
"""Such questions are more than is told in full."""
SUMMARIES = """
    SELECT body -> 'summary' ->> 'text' FROM turn_event JOIN turn USING (turn_id)
    WHERE type = 'turn.started' ORDER BY started_at
"""
EDITOR = "I need to be a Figma editor"


async def grants(play: Play) -> list[tuple[str, str]]:
    rows = await play.rows(
        "SELECT person_id, resource_id FROM access_grant ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


async def check_logs(play: Play, previous: Path) -> None:
    """Nobody was asked twice, no log has a gap, and all who read one see the same."""
    assert len(play.bot_in_teams(HER_MANAGER)) == 2
    gaps = await play.rows(
        "SELECT 1 FROM turn LEFT JOIN turn_event USING (tenant_id, turn_id) "
        "GROUP BY turn_id, last_seq "
        "HAVING count(*) <> last_seq OR min(seq) <> 1 OR max(seq) <> last_seq"
    )
    assert not gaps
    old = await what_is_shown(previous, play.database_url)
    new = await what_is_shown(CHECKOUT, play.database_url)
    assert looks_like(new, old)
    for from_events, *from_snapshots in new.values():
        for read in from_snapshots:  # those of the previous release know no titles
            assert looks_like({"": [from_events]}, {"": [read]})
    await check_loaded(play.database_url)


def calls(play: Play, method: str) -> int:
    """Return how often a method of Slack was carried out."""
    return sum(
        change.kind == "api" and change.body["method"] == method
        for change in play.stage.journal.after(0)
    )


async def approve_in_teams(play: Play, *words: str) -> None:
    card = await play.teams_shows(HER_MANAGER, *words, within=60)
    await play.press_in_teams(HER_MANAGER, card, "approval.approve")


async def approve_in_slack(play: Play, *words: str) -> None:
    card = await play.slack_shows(HIS_MANAGER, *words, within=60)
    channel = play.direct(HIS_MANAGER)
    await play.stage.slack.click(HIS_MANAGER, channel, card["ts"], "approval.approve")


async def test_a_turn_begun_by_the_previous_release_is_finished_by_this_one(
    fleet: Fleet, previous: Path
) -> None:
    play = fleet.play
    old = await fleet.open("old", previous, words_per_second=SLOWER)
    asked = await play.say_in_slack(DESIGNER, WISHES)
    first = await play.slack_shows(DESIGNER, "let me")
    new = await fleet.start("new")  # migrates while the old one writes
    await old.kill()
    fleet.deliver_to(new)

    await approve_in_teams(play, "Figma", "editor")
    await approve_in_teams(play, "27-inch monitor")
    await play.ended(within=60)

    assert await fleet.claims(taken_over=True) == {"new"}
    assert await grants(play) == [
        ("maya.chen", "app/figma"),
        ("maya.chen", "repo/design-system"),
    ]
    progress, answer = play.bot_in_slack(DESIGNER, thread=asked)
    assert progress["ts"] == first["ts"]
    for thing in ("design-system", "Figma", "monitor"):
        assert thing in said_in(answer)
    await check_logs(play, previous)


async def test_a_turn_begun_by_this_release_is_finished_by_the_previous_one(
    fleet: Fleet, previous: Path
) -> None:
    """What happens when a deploy is taken back, or stops half way."""
    play = fleet.play
    await migrate(play.database_url)
    old = await fleet.open("old", previous)
    new = await fleet.start("new", words_per_second=SLOW)
    with new.paused():
        await play.say_in_slack(STUDENT, QUESTION)
        await play.ended()

    with old.paused():
        fleet.deliver_to(new)
        await play.say_in_slack(DESIGNER, WISHES)
        await approve_in_teams(play, "Figma", "editor")
        await play.say_in_slack(ENGINEER, EDITOR)
        [first] = play.bot_in_slack(DESIGNER)
        second = await play.slack_shows(ENGINEER, "")
        await new.kill()
        assert await fleet.claims(taken_over=False) == {"old", "new"}

    fleet.deliver_to(old)
    await approve_in_slack(play, "Figma", "editor")
    await approve_in_teams(play, "27-inch monitor")
    await play.ended(3, within=60)

    assert "old" in await fleet.claims(taken_over=True)
    assert await grants(play) == [
        ("maya.chen", "app/figma"),
        ("maya.chen", "repo/design-system"),
        ("omar.haddad", "app/figma"),
    ]
    for user, message in ((DESIGNER, first), (ENGINEER, second)):
        progress, answer = play.bot_in_slack(user)
        assert progress["ts"] == message["ts"]
        assert "Figma" in said_in(answer)
    assert len(play.bot_in_slack(HIS_MANAGER)) == 1
    await check_logs(play, previous)


async def test_a_turn_of_the_previous_release_loses_the_next_no_summary(
    fleet: Fleet, previous: Path
) -> None:
    play = fleet.play
    await migrate(play.database_url)
    old = await fleet.open("old", previous)
    new = await fleet.start("new")

    async def ask(words: str, number: int, thread: str = "") -> str:
        ts = await play.say_in_slack(STUDENT, words, thread=thread)
        await play.ended(number, within=60)
        return ts

    with old.paused():
        fleet.deliver_to(new)
        thread = await ask(f"{QUESTION} {LONG}", 1)
        for number in range(2, MANY + 1):
            await ask(f"{QUESTION} {LONG}", number, thread)
        told = await play.rows(SUMMARIES)
        assert told[-1][0], "long as they are, they were summed up"
    with new.paused():
        fleet.deliver_to(old)
        await ask(QUESTION, MANY + 1, thread)
    with old.paused():
        fleet.deliver_to(new)
        await ask(QUESTION, MANY + 2, thread)
    *_, theirs, ours = await play.rows(SUMMARIES)
    assert theirs == (None,), "the previous release knows no summaries"
    assert ours == told[-1]


async def test_a_stream_that_this_release_left_open_loses_the_previous_one_nothing(
    fleet: Fleet, previous: Path
) -> None:
    """Its message cannot be edited while it streams, and that release knows no streams.

    So the ending is a message of its own, and the first one stays half written.
    """
    play = fleet.play
    await migrate(play.database_url)
    old = await fleet.open("old", previous)
    new = await fleet.start("new", words_per_second=STREAMED)
    with old.paused():
        fleet.deliver_to(new)
        threads = [await play.say_in_slack(DESIGNER, QUESTION) for _ in range(THREADS)]
        await play.stage.journal.until(
            lambda: calls(play, "chat.appendStream") > 0,
            within=120,
            awaited="a message that grows by a stream",
        )
        await new.kill()
    left = calls(play, "chat.startStream") - calls(play, "chat.stopStream")
    assert left > 0

    fleet.deliver_to(old)
    await play.ended(THREADS, within=120)
    for thread in threads:
        *_, last = play.bot_in_slack(DESIGNER, thread=thread)
        assert "from the self-service portal" in said_in(last)
        assert "Scripted answers" in said_in(last)
    await check_loaded(play.database_url)
