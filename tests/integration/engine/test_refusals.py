"""Content that a platform refuses, and mail that comes again after a very long time."""

from collections.abc import Awaitable, Callable

from bot.engine.refusals import LOCKED_OUT
from bot.errors import AccessRefusedError
from bot.view import wording
from tests.support.engine import House
from tests.support.fake_platform import Gate, Hall, Refused


async def test_an_answer_that_is_not_taken_ends_bare(house: House) -> None:
    house.unshown.add("progress")
    slack = house.halls["slack"]
    slack.disliked.add("Maya")
    house.agents.say("Hello Maya.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    [message] = slack.messages.values()
    assert wording.NOT_TAKEN in message.words
    assert message.view.stop_turn is None
    assert await house.rows("SELECT error FROM surface") == [("",)]


async def test_a_refused_post_does_not_silence_what_comes_later(house: House) -> None:
    slack, rest = house.halls["slack"], Gate()
    slack.faults["post"].append(Refused(code="invalid_blocks"))
    house.agents.say(rest, "Hello Maya.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("Working on it")
    rest.open()
    await house.idle()
    [message] = slack.messages.values()
    assert "Hello Maya." in message.words
    assert wording.NOT_TAKEN not in message.words


async def test_a_message_that_takes_no_edits_is_stood_in_for(house: House) -> None:
    house.unshown.add("progress")
    slack, rest = house.halls["slack"], Gate()
    house.agents.say("Hello ", rest, "Maya.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("Hello")
    slack.frozen.update(slack.messages)
    rest.open()
    await house.idle()
    old, new = slack.messages.values()
    assert "Hello Maya." not in old.words
    assert "Hello Maya." in new.words
    assert new.surface != old.surface, "whoever looks for it must not find the old one"


async def test_what_is_refused_for_good_stays_written_down(house: House) -> None:
    house.unshown.add("progress")
    slack = house.halls["slack"]
    slack.disliked.add(wording.NOT_TAKEN)
    slack.disliked.add("Maya")
    rest = Gate()
    house.agents.say("Hello ", rest, "Maya.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("Hello")
    rest.open()
    await house.idle()
    [(error,)] = await house.rows("SELECT error FROM surface")
    assert "invalid_blocks" in str(error)


async def test_credentials_that_are_taken_again_start_afresh(house: House) -> None:
    """Refusals that lie far apart are not one long one."""
    slack, more, rest = house.halls["slack"], Gate(), Gate()
    house.agents.say("One", more, " two", rest)
    process = house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    slack.faults["edit"].append(AccessRefusedError("slack", "token_revoked"))
    more.open()
    await house.signal.until(_tried(slack))
    house.clock.advance(LOCKED_OUT + 1)
    process.kit.delivery._news.set()  # its clock has moved on
    await house.sees("One two")
    assert len(process.kit.delivery._lock_outs) == 0
    rest.open()


def _tried(hall: Hall) -> Callable[[], Awaitable[bool]]:
    async def found() -> bool:
        return not hall.faults["edit"]

    return found


async def test_mail_that_is_repeated_after_its_names_are_forgotten_holds_nothing_up(
    house: House,
) -> None:
    house.agents.say("One.")
    house.process()
    await house.say("maya", "first", key="k1")
    await house.idle()
    await house.execute("DELETE FROM delivery_seen")
    assert (await house.say("maya", "first", key="k1")).outcome == "accepted"
    await house.idle()
    house.agents.say("Two.")
    await house.say("maya", "second", key="k2")
    await house.idle()
    assert await house.rows("SELECT text FROM turn ORDER BY started_at") == [
        ("first",),
        ("second",),
    ]
