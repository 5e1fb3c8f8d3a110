"""Simulated people: they write, interrupt, press every button, and press it again.

What they do reaches some bot as a delivery, which their platform sends again until it is
answered, and now and then once more after that.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from bot.clock import Clock
from bot.errors import StoreUnavailableError
from bot.ports.inbox import Acceptance
from bot.protocol.ids import ApprovalId, PersonId, PlatformName
from bot.protocol.inbound import (
    Address,
    Decided,
    Inbound,
    Said,
    Stopped,
    UserRef,
)
from bot.view.nodes import ApprovalView
from tests.simulation.bots import SimBot
from tests.simulation.company import (
    ASKERS,
    DECIDERS,
    STRANGER,
    TENANT,
    user_of,
    workspace_of,
)
from tests.simulation.diary import Diary
from tests.simulation.halls import Hall, Message, direct
from tests.simulation.loop import SimLoop
from tests.simulation.recipe import Recipe
from tests.simulation.records import SimRecords

ANSWER = 3.0
"""Seconds that a platform waits for a bot's answer."""

Told = Callable[[Inbound, Acceptance | None], None]
"""Called with what somebody did: without an answer when they did it, and with each."""


class Courier:
    """Carries deliveries to bots.

    Args:
        loop: The simulation.
        bots: Who is there; may change.
        diary: Where it is written down.
        told: Told of everything.
    """

    def __init__(
        self, loop: SimLoop, bots: Sequence[SimBot], *, diary: Diary, told: Told
    ) -> None:
        self.diary = diary
        self._loop = loop
        self._bots = bots
        self._told = told
        self.idle = asyncio.Event()
        """Set while every delivery has been answered."""
        self.idle.set()
        self._unanswered = 0

    def send(self, inbound: Inbound) -> None:
        """Deliver it until it is answered, and perhaps again."""
        self._told(inbound, None)
        self.diary.write(inbound.user.user_id, "{!r}", inbound)
        self._loop.world.spawn(self._carry(inbound))
        if self._loop.chance(0.1):  # a second copy at the same time, to any bot
            self._loop.happened["delivery repeated at once"] += 1
            self._loop.world.spawn(self._carry(self._renamed(inbound)))

    def _renamed(self, inbound: Inbound) -> Inbound:
        """Return it as platforms repeat it: often under another id."""
        if self._loop.chance(0.5):
            return inbound
        number = self._loop.random.randrange(1000)
        return inbound.model_copy(
            update={"delivery_id": f"{inbound.delivery_id}.{number}"}
        )

    async def _carry(self, inbound: Inbound) -> None:
        pause = 1.0
        self._unanswered += 1
        self.idle.clear()
        while not await self._offer(inbound):
            self._loop.happened["delivery not answered"] += 1
            await self._loop.delay(pause / 2, pause)
            pause = min(90.0, pause * 2)
        self._unanswered -= 1
        if not self._unanswered:
            self.idle.set()
        while self._loop.chance(0.15):
            longest = self._loop.random.choice((1.0, 30.0, 600.0))
            await self._loop.delay(0.1, longest)
            self._loop.happened["delivery repeated later"] += 1
            await self._offer(self._renamed(inbound))

    async def _offer(self, inbound: Inbound) -> bool:
        """Let one bot take it in; whether it answered."""
        await self._loop.delay(0.01, 0.1)
        bots = [bot for bot in self._bots if bot.takes]
        if not bots:
            return False
        task = self._loop.random.choice(bots).offer(inbound)
        await asyncio.wait([task], timeout=ANSWER)
        answer = task.result() if task.done() else None
        if answer is None:
            return False
        self._told(inbound, answer)
        self.diary.write(
            inbound.user.user_id, "{} was {}", inbound.said_key, answer.outcome
        )
        return True


class Crowd:
    """Everybody.

    Args:
        loop: The simulation.
        recipe: How much they have to say, and how rash they are.
        halls: Where they look.
        courier: Who carries what they do.
        records: For what they ask of tools that change requests.
    """

    def __init__(
        self,
        loop: SimLoop,
        recipe: Recipe,
        *,
        halls: dict[PlatformName, Hall],
        courier: Courier,
        records: SimRecords,
    ) -> None:
        self._loop = loop
        self._recipe = recipe
        self._halls = halls
        self._courier = courier
        self._records = records
        self._clock: Clock = loop.world.clock
        self._numbers = 0
        self._reacted: dict[tuple[str, str], None] = {}
        self.leaving = False
        """Whether nobody does anything but decide any more."""
        self._places = [_place(number) for number in range(recipe.threads)]
        for hall in halls.values():
            hall.viewers.append(self._sees)

    async def run(self) -> None:
        """Say all there is to say."""
        loop = self._loop
        for _ in range(self._recipe.messages):
            self.say()
            while loop.chance(0.4):
                await loop.delay(0.1, self._recipe.pause)
                self._do_something_else()
            await loop.delay(0.1, self._recipe.pause * 4)

    def say(self) -> None:
        """Let somebody write something, somewhere."""
        random = self._loop.random
        person = random.choice(ASKERS)
        place = random.choice(self._places)
        number = self._number()
        text = f"m{number} please"
        if self._loop.chance(0.03):
            text += random.choice(("\x00", " `code` *bold*"))
        who = STRANGER if self._loop.chance(0.02) else person
        self._courier.send(
            Said(
                delivery_id=f"d{number}",
                said_key=f"k{number}",
                user=user_of(who, place.platform),
                at=self._clock.now(),
                address=self._from(person, place),
                text=text,
            )
        )

    def _from(self, person: PersonId, place: Address) -> Address:
        """Return where somebody writes, as platforms with streams tell it."""
        if not self._recipe.streams or place.personal:
            return place
        return place.model_copy(update={"user": f"U{person.upper()}"})

    def _do_something_else(self) -> None:
        if self._loop.chance(self._recipe.deleting):
            self._delete()
        elif self._loop.chance(0.25):
            self._take_back()
        else:
            self.say()

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    # ------------------------------------------------------------- what they react to

    def _sees(self, message: Message) -> None:
        view, loop = message.view, self._loop
        for card in view.approvals:
            key = (message.receipt.message_id, card.args_hash)
            if card.can_decide and key not in self._reacted:
                self._reacted[key] = None
                loop.world.spawn(self._decide(message, card))
        if view.stop_turn and not self.leaving:
            key = (message.receipt.message_id, "stop")
            if key not in self._reacted and loop.chance(0.15):
                self._reacted[key] = None
                loop.world.spawn(self._stop(message))

    async def _stop(self, message: Message) -> None:
        loop, view = self._loop, message.view
        turn = view.stop_turn
        assert turn is not None, "looked at before"
        await loop.delay(0.1, loop.random.choice((0.5, 2.0, 20.0)))
        people = ASKERS if loop.chance(self._recipe.rash) else [self._asker(message)]
        native = self._halls[self._platform_of(message)].stop_streams(message)
        if native and self._platform_of(message) == "teams":
            return  # which tells the bot by refusing what comes next
        for _ in range(2 if loop.chance(self._recipe.rash) else 1):
            number = self._number()
            self._courier.send(
                Stopped(
                    delivery_id=f"d{number}",
                    said_key=f"k{number}",
                    user=user_of(
                        loop.random.choice(people), self._platform_of(message)
                    ),
                    at=self._clock.now(),
                    turn_id=turn,
                )
            )

    def _asker(self, message: Message) -> PersonId:
        """Return who asked, as far as people can tell."""
        asked = self._records.requester_of(message.view.stop_turn)
        return asked or self._loop.random.choice(ASKERS)

    async def _decide(self, message: Message, card: ApprovalView) -> None:
        loop, rash = self._loop, self._recipe.rash
        if loop.chance(0.15):
            return  # never
        await loop.delay(0.2, loop.random.choice((2.0, 8.0, 30.0)))
        person = message.receipt.address.user.removeprefix("U-")
        who: list[str] = [person]
        if loop.chance(rash / 3):
            who.append(loop.random.choice((*DECIDERS, *ASKERS, STRANGER)))
        if loop.chance(rash):
            who.append(person)
        hashes = [card.args_hash]
        if loop.chance(rash / 3):
            hashes.append("stale")
        for presser in who:
            self._press(
                user_of(presser, self._platform_of(message)),
                card.approval_id,
                "rejected" if loop.chance(0.2) else "approved",
                loop.random.choice(hashes),
            )
            if loop.chance(0.5):
                await loop.delay(0.01, 1.0)

    def _press(
        self,
        user: UserRef,
        approval: ApprovalId,
        verdict: Literal["approved", "rejected"],
        args_hash: str,
    ) -> None:
        number = self._number()
        self._courier.send(
            Decided(
                delivery_id=f"d{number}",
                said_key=f"k{number}",
                user=user,
                at=self._clock.now(),
                approval_id=approval,
                verdict=verdict,
                args_hash=args_hash,
                reason="because" if verdict == "rejected" else "",
            )
        )

    @staticmethod
    def _platform_of(message: Message) -> PlatformName:
        return message.receipt.address.platform

    # ------------------------------------------------------------- what else they do

    def _delete(self) -> None:
        shown = [
            message
            for hall in self._halls.values()
            for message in hall.messages.values()
            if not message.deleted
        ]
        if shown:
            gone = self._loop.random.choice(shown)
            gone.deleted = True
            self._loop.happened["message deleted"] += 1
            self._courier.diary.write("people", "delete {}", gone.receipt.message_id)

    def _take_back(self) -> None:
        """Withdraw or change a request, as somebody asks a tool to."""
        waiting = self._records.waiting()
        if not waiting:
            return
        row = self._loop.random.choice(waiting)
        change = "a smaller one" if self._loop.chance(0.5) else ""

        async def take_back() -> None:
            with suppress(StoreUnavailableError):
                await self._records.take_back(
                    TENANT, row.approval_id, by=row.requester_id, change=change
                )

        self._loop.world.spawn(take_back())


def _place(number: int) -> Address:
    """Return where a thread is: in a Slack channel, a Teams chat, or with one person."""
    if number == 1:
        return direct(user_of(ASKERS[0], "teams"))
    return Address(
        platform="slack",
        workspace=workspace_of("slack"),
        channel="C1",
        thread=f"t{number}",
    )
