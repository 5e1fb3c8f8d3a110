"""Hold turns to what may be spent on language models: `bot.company.limits`.

What other turns have used is in Postgres, written when they rest or end, so that all
replicas see it and none forgets; what this one has used is in its own state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

import structlog

from bot.clock import Clock
from bot.company.limits import Purse, SpendingLimits
from bot.engine.telemetry import Telemetry
from bot.errors import StoreUnavailableError
from bot.ports.store import Store
from bot.protocol.ids import PersonId
from bot.protocol.values import Usage
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

    def count(self, model: str, usage: Usage) -> None:
        """Count what a reply used, for ``/metrics``."""
        counter = self.telemetry.model_tokens
        counter.labels(model, "input").inc(usage.input_tokens)
        counter.labels(model, "output").inc(usage.output_tokens)
        counter.labels(model, "cached").inc(usage.cache_read_tokens)

    async def reached(self, state: TurnState) -> str:
        """Return which limit keeps a turn from asking; a key of `bot.view.failures`.

        Empty: none does. Nor does one that cannot be looked up now.
        """
        try:
            code = await self._reached(state)
        except StoreUnavailableError as error:
            log.warning("spending.unavailable", error=str(error), hint=error.hint)
            return ""
        if code:
            self.telemetry.budgets_reached.labels(code).inc()
            log.warning("spending.reached", turn=state.turn_id, limit=code)
        return code

    async def _reached(self, state: TurnState) -> str:
        own = used_by(state)
        limits = self.limits
        if limits.turn and limits.is_reached(limits.turn, own):
            return "budget"
        assert state.requester is not None, "a turn starts with who asks"
        person = state.requester.person_id
        if limits.person and await self._is_spent(state, own, limits.person, person):
            return f"budget_person_{limits.person.per}"
        if limits.company and await self._is_spent(state, own, limits.company, None):
            return f"budget_company_{limits.company.per}"
        return ""

    async def _is_spent(
        self,
        state: TurnState,
        own: Mapping[str, Usage],
        purse: Purse,
        whose: PersonId | None,
    ) -> bool:
        since = purse.since(self.clock.now(), self.zone)
        async with self.store.begin("spending.look_up") as tx:
            others = await tx.used_since(
                state.tenant_id, since, besides=state.turn_id, requester=whose
            )
        counts = state.started_at is not None and state.started_at >= since
        return self.limits.is_reached(purse, together(others, own if counts else {}))
