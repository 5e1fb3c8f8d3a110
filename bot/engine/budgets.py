"""Ask the store what this replica may draw of the lanes that all replicas share.

Once in a slice of time, and at once when something waits only for that. What the store
does not answer is asked again; meanwhile what was given last is spent, and then nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.clock import Clock
from bot.errors import StoreUnavailableError
from bot.pacing.shares import Part
from bot.pacing.sharing import Request, Sharing
from bot.ports.store import Store
from bot.protocol.ids import TenantId

log = structlog.get_logger()

SLICE = 0.5
"""Seconds between two exchanges while anything is shown."""
EAGER = 0.1
"""Seconds between two exchanges at least, however hungry somebody is."""
PROMPT = 0.02
"""The same where all that was wanted was given: what is wanted next is something new."""

AWAY = 1.0
"""The same while the store does not answer."""


class Budgets:
    """One replica's exchanges with the others.

    Args:
        store: Where the lanes' accounts are.
        clock: Follows the store's.
        tenant: Whose workspaces the lanes belong to.
        replica: A name that no process has had before.
    """

    def __init__(
        self, store: Store, clock: Clock, *, tenant: TenantId, replica: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._tenant = tenant
        self._replica = replica
        self._hungry = asyncio.Event()
        self._away = False
        """Whether the store did not answer the last time: that is said once."""

    def wake(self) -> None:
        """Ask soon: something waits for it."""
        self._hungry.set()

    async def run(self, sharing: Sharing, tell: Callable[[], None]) -> None:
        """Exchange until cancelled.

        Args:
            sharing: What there is to say, and who is given what comes of it.
            tell: Called when there is something to spend.
        """
        resting = True
        while True:
            if resting:
                await self._hungry.wait()
            self._hungry.clear()
            requests = sharing.asks(self._clock.monotonic())
            resting = not requests
            if requests:
                fed = await self._exchange(sharing, requests)
                pause = AWAY if self._away else PROMPT if fed else EAGER
                tell()
                await self._clock.sleep(pause)
                await self._wait(SLICE - pause)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hungry.wait()
        except TimeoutError:
            pass

    async def _exchange(self, sharing: Sharing, requests: dict[str, Request]) -> bool:
        """Say and ask what there is to; whether all that was wanted was given."""
        try:
            parts = await self._put(requests)
        except StoreUnavailableError as error:
            if not self._away:
                log.warning("budget.unavailable", error=str(error), hint=error.hint)
            self._away = True
            sharing.untold(requests)
            return False
        if self._away:
            log.info("budget.available")
        self._away = False
        now = self._clock.monotonic()
        for lane, part in parts.items():
            sharing.give(lane, requests[lane].ask, part, now)
        wanted = {
            lane: one.ask.urgent + one.ask.wants for lane, one in requests.items()
        }
        return all(part.held >= wanted[lane] for lane, part in parts.items())

    async def _put(self, requests: dict[str, Request]) -> dict[str, Part]:
        """Put the requests to the lanes' accounts, in one transaction."""
        ago = self._clock.now().timestamp() - self._clock.monotonic()
        parts: dict[str, Part] = {}
        async with self._store.begin("budget.exchange") as tx:
            accounts = await tx.lock_budgets(self._tenant, list(requests))
            now = self._clock.now().timestamp()
            for lane, account in accounts.items():
                request = requests[lane]
                ask = replace(
                    request.ask, settled=tuple(at + ago for at in request.ask.settled)
                )
                accounts[lane], parts[lane] = account.exchange(
                    self._replica, ask, request.windows, now
                )
            await tx.save_budgets(self._tenant, accounts)
        return parts
