"""A model that is no language model: deterministic, offline, for trying things out.

It gets what a real model gets (prompt, tools, transcript) and is a pure function of
it; only the pace of its words depends on a clock. Its footer says what it is.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from typing_extensions import override

from agents.models import phrases
from agents.models.coordinator import reply_as_coordinator
from agents.models.draft import Draft, Scene
from agents.models.port import Model, Prompt, ToolOffer, call_id_for
from agents.models.specialist import reply_as_specialist
from agents.models.transcript import read
from bot.clock import Clock
from bot.ports.agent import CallReady, Part, Question, Replied, TextDelta
from bot.protocol.values import Block, CallBlock, TextBlock, Usage

NAME = "scripted"

_THINKING = 4
"""Words' worth of silence before the first word."""
_BREATH = 3
"""Words' worth of silence after a sentence."""


class ScriptedModel(Model):
    """Answers from a script.

    Args:
        clock: Whose sleep paces the words.
        words_per_second: How fast it writes; 0 writes everything at once.
    """

    def __init__(self, clock: Clock, *, words_per_second: float) -> None:
        self._clock = clock
        self._pause = 1 / words_per_second if words_per_second else 0.0

    @override
    def name_for(self, declared: str) -> str:
        return NAME

    @override
    def footer(self) -> str:
        return phrases.FOOTER

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        # Reading a long text takes a while; nobody else's turn waits for it.
        draft = await asyncio.to_thread(draft_for, prompt, tools, question)
        await self._rest(_THINKING)
        for word in re.findall(r"\S+\s*|\s+", draft.text):
            yield TextDelta(word)
            await self._rest(_BREATH if word.rstrip()[-1:] in {".", "?", "!"} else 1)
        blocks: list[Block] = [TextBlock(text=draft.text)] if draft.text else []
        for number, call in enumerate(draft.calls, start=1):
            block = CallBlock(
                call_id=call_id_for(question, number),
                name=call.name,
                arguments=call.arguments,
            )
            blocks.append(block)
            yield CallReady(
                call_id=block.call_id, name=block.name, arguments=block.arguments
            )
            await self._rest(1)
        yield Replied(
            blocks=tuple(blocks),
            stop_reason="tool_use" if draft.calls else "end_turn",
            usage=Usage(output_tokens=len(draft.text.split())),
        )

    async def _rest(self, words: int) -> None:
        if self._pause:
            await self._clock.sleep(words * self._pause)


def draft_for(prompt: Prompt, tools: Sequence[ToolOffer], question: Question) -> Draft:
    """Return the whole reply to ``question``: a pure function."""
    scene = Scene(
        question=question,
        reading=read(question.messages),
        vocabulary=prompt.vocabulary,
        tools={tool.name: tool for tool in tools},
    )
    if any(name.startswith("ask_") for name in scene.tools):
        return reply_as_coordinator(scene)
    return reply_as_specialist(scene)
