"""Models that pause before they answer, so that people can act in the meantime."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

from typing_extensions import override

from agents.models.port import Model, Prompt, ToolOffer
from bot.ports.agent import Part, Question
from bot.protocol.ids import TenantId


class Pause:
    """One agent's next answer in one tenant, kept back until it is released."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self.reached = asyncio.Event()
        """Set when the agent has been asked."""
        self.released = asyncio.Event()
        """Set when it may answer, from then on always."""


class Pauses:
    """Who pauses, by tenant."""

    def __init__(self) -> None:
        self._of: dict[TenantId, Pause] = {}
        self.tell: Callable[[], None] = lambda: None
        """Called when somebody pauses."""

    def begin(self, tenant: TenantId, agent: str) -> Pause:
        """Let an agent pause when it is asked next; one pause of a tenant at a time."""
        pause = self._of[tenant] = Pause(agent)
        return pause

    async def before(self, question: Question) -> None:
        """Return when a question may be answered."""
        pause = self._of.get(question.tenant_id)
        if pause and pause.agent == question.agent:
            pause.reached.set()
            self.tell()
            await pause.released.wait()

    def through(self, model: Model) -> Model:
        """Return a model that pauses."""
        return _Pausing(model, self)


class _Pausing(Model):
    def __init__(self, model: Model, pauses: Pauses) -> None:
        self._model = model
        self._pauses = pauses

    @override
    def name_for(self, declared: str) -> str:
        return self._model.name_for(declared)

    @override
    def summaries(self) -> str | None:
        return self._model.summaries()

    @override
    def footer(self) -> str:
        return self._model.footer()

    @override
    def tokens_of(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> int:
        return self._model.tokens_of(prompt, tools, question)

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        await self._pauses.before(question)
        parts = self._model.ask(prompt, tools, question)
        try:
            async for part in parts:
                yield part
        finally:
            if isinstance(parts, AsyncGenerator):
                await parts.aclose()
