"""Three replicas and one workspace, which counts the calls of all of them."""

from pathlib import Path

from tests.support.play import Play, said_in
from tests.support.replicas import fleet_on

DESIGNER = "U0MAYA"
QUESTION = "how do I connect to the VPN?"
THREADS = 9
WORDS_PER_SECOND = 4
"""So that all threads are answered at once, for a while."""


def refused(play: Play) -> list[str]:
    """Return the calls that Slack had no room for."""
    return [
        change.body["method"]
        for change in play.stage.journal.after(0)
        if change.kind == "api" and change.body["status"] == 429
    ]


async def test_together_they_ask_for_no_more_than_there_is(
    database_url: str, tmp_path: Path
) -> None:
    async with fleet_on(database_url, tmp_path) as fleet:
        play = fleet.play
        await fleet.open("one", words_per_second=WORDS_PER_SECOND)
        for name in ("two", "three"):
            await fleet.start(name, words_per_second=WORDS_PER_SECOND)
        threads = [await play.say_in_slack(DESIGNER, QUESTION) for _ in range(THREADS)]
        await play.ended(THREADS, within=150)
        assert await fleet.claims(taken_over=False) == {"one", "two", "three"}
        for thread in threads:
            # With edits this scarce, an end may come as a message of its own.
            *earlier, message = play.bot_in_slack(DESIGNER, thread=thread)
            assert len(earlier) <= 1
            assert said_in(message).count("from the self-service portal") == 1
        assert not refused(play)
        used = await play.rows("SELECT lane FROM lane_budget ORDER BY lane")
    assert any("chat.update" in row["lane"] for row in used)
