"""What people do while workers die: acts of the sample company's people.

An act goes on whatever happens to the bot: a press that did not count is repeated, as
people do, and what is waited for is waited for patiently. Each act belongs to people
that no other act uses, so that several can be played at once.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass

from adapters.simulator.slack.faults import ConnectionReset, Refusal
from bot.errors import MalformedError, PlatformError
from tests.crash.fuse import Charge, Moment
from tests.crash.site import Site
from tests.support.play import actions_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What people do, and what goes wrong in it whatever else does."""

    play: Callable[[Site], Coroutine[object, object, None]]
    charges: tuple[Charge, ...] = ()


PATIENCE = 120.0
"""Seconds; longer than anything should take, lease and all."""

_DECIDED = "SELECT count(*) FROM decision WHERE person_id = $1"
_ENDED = """
SELECT count(*) FROM turn WHERE requester_id = $1 AND ended_at IS NOT NULL
"""
_STILL = """
SELECT count(*) FROM turn t JOIN conversation c USING (tenant_id, conversation_id)
WHERE t.requester_id = $1 AND t.status <> 'running' AND t.delivered_seq = t.last_seq
  AND c.worker_id IS NULL
"""
"""Parked or over, shown, and owned by nobody: whoever goes on with it loads it."""
_WRITING = """
SELECT count(*) FROM turn_event e JOIN turn t USING (tenant_id, turn_id)
WHERE t.requester_id = $1 AND e.type = 'item.appended'
"""
_LATE = """
SELECT count(*) FROM turn_event e JOIN turn t USING (tenant_id, turn_id)
WHERE t.requester_id = $1 AND e.type IN ('approval.escalated', 'approval.expired')
"""


async def seat(site: Site) -> None:
    """A wish in Slack that a manager grants in Teams."""
    await site.say_in_slack("U0MAYA", "I need to be a Figma editor")
    await _parks(site, "maya.chen")
    await _decides_in_teams(site, "priya.nair", "maya.chen")
    await _ends(site, "maya.chen")


async def laptop(site: Site) -> None:
    """A wish in Teams that one grants in Slack and another in Teams."""
    await site.say_in_teams("omar.haddad", "I need a new laptop")
    await _parks(site, "omar.haddad")
    await _decides_in_slack(site, "tomas.ruiz", "U0TOMAS", "omar.haddad")
    await _decides_in_teams(site, "elena.sato", "omar.haddad")
    await _ends(site, "omar.haddad")


async def reset(site: Site) -> None:
    """An effect that happens once and cannot be repeated."""
    await site.say_in_slack("U0LIWEI", "Reset my password")
    await _ends(site, "li.wei")


async def ticket(site: Site) -> None:
    """Somebody whom the bot knows by e-mail only; then a question."""
    await site.say_in_slack(
        "U0JONAS", "Open a ticket: the printer on floor 2 is broken"
    )
    await _ends(site, "jonas.berg")
    await site.say_in_slack("U0JONAS", "How do I connect to the VPN?")
    await _ends(site, "jonas.berg", 2)


async def stop(site: Site) -> None:
    """A question that is stopped half way, or too late; Stop once more at the end."""
    await site.say_in_slack("U0INES", "How do I connect to the VPN?")
    await _until(site, "the answer begins", _WRITING, "ines.okafor")
    await _stops(site, "ines.okafor", "U0INES")


async def steer(site: Site) -> None:
    """A second message while the first is being answered."""
    ts = await site.say_in_slack("U0NOAH", "How do I connect to the VPN?")
    await _until(site, "the answer begins", _WRITING, "noah.kim")
    await site.say_in_slack("U0NOAH", "and what is the leave policy?", thread=ts)
    await _ends(site, "noah.kim")


async def withdrawal(site: Site) -> None:
    """A wish that is taken back while somebody is asked."""
    await site.say_in_teams("amara.diallo", "I need a 27 inch monitor")
    await _parks(site, "amara.diallo")
    await site.say_in_teams("amara.diallo", "cancel it")
    await _ends(site, "amara.diallo", 2)


async def expiry(site: Site) -> None:
    """A wish that nobody decides on in time, nor does whoever is asked then.

    Only at its end nothing more comes: cards lose their buttons as time passes.
    """
    await site.say_in_slack("U0MAYA", "I need to be a Tableau viewer")
    await _until(site, "it is too late", _LATE, "maya.chen")
    await _ends(site, "maya.chen")


async def drain(site: Site) -> None:
    """A worker that is told to end in the middle of an answer."""
    await site.say_in_slack("U0MAYA", "How do I connect to the VPN?")
    await _until(site, "the answer begins", _WRITING, "maya.chen")
    site.living[0].terminate()
    await _ends(site, "maya.chen")


async def lost_post(site: Site) -> None:
    """A post that Slack makes, and whose answer is lost."""
    site.play.stage.slack.fail_next("chat.postMessage", ConnectionReset(applied=True))
    await site.say_in_slack("U0MAYA", "Hello!")
    await _ends(site, "maya.chen")


async def refused(site: Site) -> None:
    """A post that Slack does not take, neither whole nor bare, nor as the last word."""
    refusal = Refusal("is_archived")
    site.play.stage.slack.fail_next("chat.postMessage", refusal, times=4)
    await site.say_in_slack("U0MAYA", "Hello!")
    await _ends(site, "maya.chen")


def _once(place: str, moment: Moment) -> Charge:
    return Charge(place=place, moment=moment)


ACTS: Mapping[str, Act] = {
    "seat": Act(play=seat),
    "reset": Act(play=reset),
    "stop": Act(play=stop),
    "ticket": Act(play=ticket),
    "laptop": Act(play=laptop),
    "steer": Act(play=steer),
    "withdrawal": Act(play=withdrawal),
    "expiry": Act(play=expiry),
    "drain": Act(play=drain),
    "lost post": Act(play=lost_post),
    "refused": Act(play=refused),
    "broken turn": Act(play=reset, charges=(_once("log.append_with", "mistaken"),)),
    "broken mail": Act(play=reset, charges=(_once("conversation.mail", "mistaken"),)),
    "lost result": Act(play=reset, charges=(_once("agents.run", "unanswered"),)),
    "unknown": Act(
        play=reset,
        charges=(
            _once("agents.run", "unanswered"),
            _once("agents.probe", "unanswered"),
        ),
    ),
}
"""By name; the first that crosses a place is the one played for it."""


# ------------------------------------------------------------------------------ steps


async def _until(site: Site, what: str, query: str, who: str, many: int = 1) -> None:
    async def reached() -> bool:
        return await site.count(query, who) >= many

    await site.until(reached, f"{who}: {what}", PATIENCE)


async def _ends(site: Site, who: str, many: int = 1) -> None:
    await _until(site, f"{many} turns end", _ENDED, who, many)


async def _parks(site: Site, who: str) -> None:
    await _until(site, "the turn parks", _STILL, who)


async def _decides_in_teams(site: Site, person: str, asker: str) -> None:
    """Let somebody press Approve on the newest card, until a press counts.

    Or until there is nothing to decide, because the request came to nothing.
    """

    async def decided() -> bool:
        if await site.count(_DECIDED, person) or await site.count(_ENDED, asker):
            return True
        for message in reversed(site.play.bot_in_teams(person)):
            if any(a.get("verb") == "approval.approve" for a in actions_in(message)):
                try:
                    await site.play.press_in_teams(person, message, "approval.approve")
                except PlatformError:
                    continue  # it was replaced just now
                break
        return False

    await site.until(decided, f"{person} decides", PATIENCE)


async def _decides_in_slack(site: Site, person: str, user: str, asker: str) -> None:
    async def decided() -> bool:
        if await site.count(_DECIDED, person) or await site.count(_ENDED, asker):
            return True
        for message in reversed(site.play.bot_in_slack(user)):
            await _clicks(site, user, message["ts"], "approval.approve")
        return False

    await site.until(decided, f"{person} decides", PATIENCE)


async def _stops(site: Site, person: str, user: str) -> None:
    """Press Stop until the turn has ended, and once more then."""

    async def ended() -> bool:
        over = await site.count(_ENDED, person) > 0
        for message in site.play.bot_in_slack(user):
            await _clicks(site, user, message["ts"], "turn.stop", stale=over)
        return over

    await site.until(ended, f"{person} stops", PATIENCE)


async def _clicks(
    site: Site, user: str, ts: str, action: str, *, stale: bool = False
) -> None:
    """Click, if there is something to click on; a click that fails is not repeated."""
    channel = site.play.direct(user)
    with suppress(MalformedError):  # no such button, or no more
        await site.play.stage.slack.click(user, channel, ts, action, stale=stale)
