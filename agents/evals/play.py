"""Play one scenario: say, decide and stop as people do, and see what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from agents.evals.heard import answer_of, full_text
from agents.evals.house import Happened, House
from agents.evals.judge import lacks
from agents.evals.scenario import Scenario, Step
from bot.engine.turns import read_turn
from bot.protocol.ids import TenantId, TurnId, turn_id_for
from bot.protocol.inbound import Address, Decided, Said, Stopped, UserRef
from bot.turn.state import Approval, TurnState


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of a scenario."""

    turns: Sequence[TurnState] = ()
    """In the order in which they were begun."""
    happened: Sequence[Happened] = ()
    problems: list[str] = field(default_factory=list[str])
    """With single steps."""
    waits: list[float] = field(default_factory=list[float])
    """Seconds from each step until everything rested."""


async def play(
    house: House, tenant: TenantId, scenario: Scenario, *, patience: float
) -> Played:
    """Play a scenario in a tenant of its own, which must be new.

    Args:
        house: The engine.
        tenant: The tenant.
        scenario: What is said and decided.
        patience: Seconds after which a step that does not come to rest is the last.
    """
    await house.move_in(tenant)
    stage = _Stage(house, tenant)
    played = Played()
    numbers = count(1)
    for steps in scenario.together:
        numbered = [(next(numbers), step) for step in steps]
        began = house.clock.monotonic()
        problems = await stage.act(steps, patience)
        rests = await house.rest(tenant, patience)
        passed = sum(step.passes or 0.0 for step in steps)
        waited = house.clock.monotonic() - began - passed
        played.waits.append(max(0.0, waited))
        for (number, step), told in zip(numbered, problems, strict=True):
            said = [told, *(await stage.unheard(step) if rests else ())]
            place = f"step {number} ({step.does})"
            played.problems += [f"{place}: {problem}" for problem in said if problem]
        if not rests:
            number, step = numbered[-1]
            played.problems.append(
                f"step {number} ({step.does}): it did not come to rest within "
                f"{patience:g} seconds"
            )
            break
    played.turns = await stage.turns()
    played.happened = await house.happened(tenant)
    return played


class _Stage:
    """The people of one tenant, and what they have said."""

    def __init__(self, house: House, tenant: TenantId) -> None:
        self._house = house
        self._tenant = tenant
        self._numbers = count(1)
        self._said: list[TurnId] = []
        """Turns that messages may have started; one that steered has none."""
        self._last = TurnId("")
        """Whose turn it was about last."""

    async def act(self, steps: Sequence[Step], patience: float) -> list[str]:
        """Do what a step says, and others while it is under way.

        Returns:
            For each, why it could not be done; empty: it was.
        """
        first, *meanwhile = steps
        if not meanwhile:
            return [await self._do(first, patience)]
        agent = meanwhile[0].meanwhile
        pause = self._house.pauses.begin(self._tenant, agent)
        try:
            problems = [await self._do(first, patience)]
            if not await self._house.paused(self._tenant, pause, patience):
                never = f"{agent} was not asked anything before it"
                return [*problems, *(never for _ in meanwhile)]
            for step in meanwhile:
                problem = await self._do(step, patience)
                heard = await self._house.heard(self._tenant, patience)
                problems.append(problem or ("" if heard else "it was not heard"))
        finally:
            pause.released.set()
        return problems

    async def _do(self, step: Step, patience: float) -> str:
        if step.passes:
            rests = await self._house.passes(self._tenant, step.passes, patience)
            return "" if rests else "what was due did not come to rest"
        if step.says:
            return await self._say(step)
        return await (self._stop(step) if step.stops else self._decide(step))

    async def turns(self) -> list[TurnState]:
        """Return all turns as the log has them now."""
        found: list[TurnState] = []
        for turn_id in self._said:
            async with self._house.kit.store.begin("journal.read") as tx:
                if loaded := await read_turn(tx, turn_id):
                    found.append(loaded.state)
        return found

    async def unheard(self, step: Step) -> list[str]:
        """Return what the answer to a step should have had in it and has not."""
        if not step.hears:
            return []
        turns = await self.turns()
        about = next((t for t in turns if t.turn_id == self._last), turns[-1])
        answer = full_text(about, self._house)
        return lacks(answer, step.hears, "the answer", shown=answer_of(about))

    async def _say(self, step: Step) -> str:
        user, address = self._place(step)
        key = f"{self._tenant}-{next(self._numbers)}"
        taken = await self._house.inbox.accept(
            Said(
                delivery_id=key,
                said_key=key,
                user=user,
                at=self._house.clock.now(),
                address=address,
                text=step.says,
            )
        )
        turn_id = turn_id_for(self._tenant, address.conversation_id, key)
        self._said.append(turn_id)
        self._last = turn_id
        return "" if taken.outcome == "accepted" else f"was answered {taken.outcome}"

    async def _decide(self, step: Step) -> str:
        turns = await self.turns()
        found = [
            (turn, approval)
            for turn in turns
            for approval in turn.approvals
            if not lacks(_facts(approval), [step.on] if step.on else [], "")
        ]
        chosen = [one for one in found if one[1].status == "open"]
        if not chosen and not step.counts:
            chosen = found[-1:]
        if len(chosen) != 1:
            return _unclear(step, [one[1] for one in chosen])
        turn, approval = chosen[0]
        self._last = turn.turn_id
        key = f"{self._tenant}-{next(self._numbers)}"
        taken = await self._house.inbox.accept(
            Decided(
                delivery_id=key,
                said_key=key,
                user=self._user(step),
                at=self._house.clock.now(),
                approval_id=approval.approval_id,
                verdict="approved" if step.decides == "approve" else "rejected",
                args_hash=approval.card_hash,
                reason=step.because,
            )
        )
        if step.counts == (taken.outcome == "decided"):
            return ""
        if step.counts:
            return f"the decision does not count ({taken.outcome}): {taken.sentence}"
        return "the decision counts, and it must not"

    async def _stop(self, step: Step) -> str:
        theirs = [
            turn
            for turn in await self.turns()
            if turn.ending is None
            and turn.requester
            and (not step.counts or turn.requester.person_id == step.who)
        ]
        if not theirs:
            return "there is nothing to stop"
        self._last = theirs[-1].turn_id
        key = f"{self._tenant}-{next(self._numbers)}"
        taken = await self._house.inbox.accept(
            Stopped(
                delivery_id=key,
                said_key=key,
                user=self._user(step),
                at=self._house.clock.now(),
                turn_id=self._last,
            )
        )
        counts = taken.outcome == "accepted"
        if step.counts == counts:
            return ""
        return (
            "it counts, and it must not" if counts else f"was answered {taken.outcome}"
        )

    def _user(self, step: Step) -> UserRef:
        if step.stranger:
            return UserRef(
                platform=step.platform or "slack",
                workspace=self._tenant,
                user_id=f"stranger-{step.stranger}",
                name=step.stranger,
                email=step.email,
            )
        person = self._house.company.person(step.who)
        assert person is not None, "the file was checked"
        platform = step.platform or person.reach_on
        user_id = person.slack if platform == "slack" else person.entra
        return UserRef(
            platform=platform,
            workspace=self._tenant,
            user_id=user_id,
            name=person.name,
            email=person.email,
        )

    def _place(self, step: Step) -> tuple[UserRef, Address]:
        user = self._user(step)
        in_slack = user.platform == "slack"
        chat = step.chat or "chat"
        address = Address(
            platform=user.platform,
            workspace=self._tenant,
            channel=f"D-{user.user_id}" if in_slack else f"a:{user.user_id}-{chat}",
            thread=chat if in_slack else "",
            user=user.user_id,
            personal=True,
        )
        return user, address


def _facts(approval: Approval) -> str:
    facts = (f"{fact.label}: {fact.value}" for fact in approval.facts)
    return "\n".join((approval.subject, *facts))


def _unclear(step: Step, found: Sequence[Approval]) -> str:
    subjects = ", ".join(repr(approval.subject) for approval in found)
    if found:
        return f"several requests are open, say which with on: {subjects}"
    about = f" about {step.on!r}" if step.on else ""
    return f"no request{about} is open"
