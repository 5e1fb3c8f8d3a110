"""Hold turns to what may be spent on language models: `bot.company.limits`.

What a turn has used is in its own state. What others have used is in Postgres, so that
all replicas see it and none forgets; it is written when they rest or end and, where
people or the company have limits, with each question, which counts from then on. One
question after the other looks and is counted, so no two spend the same last tokens.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

import structlog

from bot.clock import Clock
from bot.company.limits import Purse, SpendingLimits
from bot.engine.runner import Runner
from bot.engine.telemetry import Telemetry
from bot.errors import StoreUnavailableError, SupersededError
from bot.ports.store import Store, Transaction
from bot.protocol.events import ModelAsked
from bot.protocol.ids import PersonId
from bot.protocol.values import Lost, Usage
from bot.turn.reduce import apply
from bot.turn.spending import together, used_by
from bot.turn.state import TurnState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one company lets its turns spend."""

    store: Store
    clock: Clock
    telemetry: Telemetry
    limits: SpendingLimits
    zone: tzinfo
    _turnstile: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Who waits for the lock in Postgres holds a connection: one of us at a time."""

    def count(self, model: str, usage: Usage) -> None:
        """Count what a reply used, for ``/metrics``."""
        counter = self.telemetry.model_tokens
        counter.labels(model, "input").inc(usage.input_tokens)
        counter.labels(model, "output").inc(usage.output_tokens)
        counter.labels(model, "cached").inc(usage.cache_read_tokens)

    def count_lost(self, lost: Lost) -> None:
        """Count what a request used that broke off."""
        self.telemetry.model_tokens.labels(lost.model, "lost").inc(lost.usage.total)

    async def reached(self, state: TurnState) -> str:
        """Return which limit keeps a turn from asking; a key of `bot.view.failures`.

        Empty: none does. Nor does one that cannot be looked up now.
        """
        try:
            async with self.store.begin("spending.look_up") as tx:
                return self._told(state, await self._reached(tx, state))
        except StoreUnavailableError as error:
            log.warning("spending.unavailable", error=str(error), hint=error.hint)
            return ""

    async def ask(self, runner: Runner, asked: ModelAsked) -> str:
        """Emit ``asked`` unless a limit is reached; return which, as `reached` does.

        Raises:
            LeaseLostError: Somebody else owns the conversation now.
        """
        if not (self.limits.person or self.limits.company):
            if code := self._of_turn(self.paid(runner.state, asked)):
                return self._told(runner.state, code)
            await runner.emit(asked)
            return ""
        door = _Door(self, runner, asked)
        try:
            async with self._turnstile:
                await runner.emit_if(asked, door)
        except SupersededError:
            return self._told(runner.state, door.code)
        return ""

    def paid(self, state: TurnState, asked: ModelAsked) -> TurnState:
        """Return the state with what was paid for before the question goes out."""
        settled = asked.model_copy(update={"tokens": 0})
        return apply(state, settled, turn_id=state.turn_id, at=self.clock.now())

    def _told(self, state: TurnState, code: str) -> str:
        if code:
            self.telemetry.budgets_reached.labels(code).inc()
            log.warning("spending.reached", turn=state.turn_id, limit=code)
        return code

    def _of_turn(self, state: TurnState) -> str:
        turn = self.limits.turn
        return "budget" if turn and self.limits.is_reached(turn, used_by(state)) else ""

    async def _reached(self, tx: Transaction, state: TurnState) -> str:
        if code := self._of_turn(state):
            return code
        limits = self.limits
        assert state.requester is not None, "a turn starts with who asks"
        person = state.requester.person_id
        if limits.person and await self._is_spent(tx, state, limits.person, person):
            return f"budget_person_{limits.person.per}"
        if limits.company and await self._is_spent(tx, state, limits.company, None):
            return f"budget_company_{limits.company.per}"
        return ""

    async def _is_spent(
        self,
        tx: Transaction,
        state: TurnState,
        purse: Purse,
        whose: PersonId | None,
    ) -> bool:
        since = purse.since(self.clock.now(), self.zone)
        others = await tx.used_since(
            state.tenant_id, since, besides=state.turn_id, requester=whose
        )
        counts = state.started_at is not None and state.started_at >= since
        own: Mapping[str, Usage] = used_by(state) if counts else {}
        return self.limits.is_reached(purse, together(others, own))


@dataclass(slots=True)
class _Door:
    """Lets one question out, in the transaction that says so, or none."""

    spending: Spending
    runner: Runner
    asked: ModelAsked
    code: str = ""
    """Which limit was reached."""

    async def __call__(self, tx: Transaction) -> None:
        """Look, and write what the question takes.

        Raises:
            SupersededError: A limit is reached.
        """
        state = self.spending.paid(self.runner.state, self.asked)
        await tx.lock_use(state.tenant_id)
        self.code = await self.spending._reached(tx, state)  # noqa: SLF001 - a part of it
        if self.code:
            raise SupersededError(f"{self.code} is reached")
        assert state.requester is not None, "a turn starts with who asks"
        assert state.started_at is not None, "and when"
        question = {self.asked.model: Usage(input_tokens=self.asked.tokens)}
        await tx.save_use(
            self.runner.claim,
            state.turn_id,
            together(used_by(state), question),
            requester=state.requester.person_id,
            started_at=state.started_at,
        )
