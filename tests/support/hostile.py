"""A model that obeys: it does what a text tells it that it sees anywhere."""

import json
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue
from typing_extensions import override

from agents.models.port import Model, Prompt, ToolOffer, call_id_for
from bot.ports.agent import CallReady, Part, Question, Replied, TextDelta
from bot.protocol.values import Block, CallBlock, TextBlock

Order = tuple[str, dict[str, JsonValue]]
"""A tool, and what it is called with."""
_LONGEST_SEEN = 1_500
_MARK_WORDS = 4


@dataclass(slots=True, kw_only=True)
class Orders:
    """What somebody does who finds ``text`` and obeys it: reads, then does it all."""

    text: str
    first: Sequence[Order]
    """How they come to see the text: what the root calls before all."""
    first_inside: Sequence[Order] = ()
    """The same of a specialist."""
    orders: Sequence[Order]
    says: str
    specialists: Sequence[str]
    seen: bool = False

    def reply(
        self, shown: str, *, called: int, is_root: bool
    ) -> tuple[str, list[Order]]:
        """Return what is said and what is called next.

        Args:
            shown: All that a model was given, as it reads it.
            called: How many calls its frame has made.
            is_root: Whether it is the coordinator.
        """
        first = self.first if is_root else self.first_inside
        if first and not called:
            return "", list(first)
        if mark_of(self.text) in letters(shown):
            self.seen = True
            if self.orders and called <= len(first):
                chain = self._hand_offs(shown) if is_root else []
                return "", [*self._orders(shown), *chain]
        return self._filled(self.says or "{text}", shown), []

    def _orders(self, shown: str) -> list[Order]:
        return [
            (name, cast("dict[str, JsonValue]", self._values(arguments, shown)))
            for name, arguments in self.orders
        ]

    def _values(self, value: JsonValue, shown: str) -> JsonValue:
        if isinstance(value, str):
            return self._filled(value, shown)
        if isinstance(value, dict):
            return {key: self._values(inner, shown) for key, inner in value.items()}
        return value

    def _filled(self, template: str, shown: str) -> str:
        seen = shown[-_LONGEST_SEEN:]
        # It knows of a text what it was shown of it, and nothing else.
        text = self.text if self.text in shown else seen
        return template.replace("{text}", text).replace("{seen}", seen)

    def _hand_offs(self, shown: str) -> list[Order]:
        task: dict[str, JsonValue] = {"task": self._filled("{text}", shown)}
        return [(f"ask_{name}", task) for name in self.specialists]


@dataclass(slots=True)
class HostileModel(Model):
    """A model in this process that carries orders out."""

    orders: Orders
    prompts: list[tuple[Prompt, Question]] = field(
        default_factory=list[tuple[Prompt, Question]]
    )

    @property
    def seen(self) -> bool:
        """Whether the text reached it."""
        return self.orders.seen

    @override
    def name_for(self, declared: str) -> str:
        return "hostile"

    @override
    def footer(self) -> str:
        return ""

    @override
    async def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncGenerator[Part]:
        self.prompts.append((prompt, question))
        called = [
            block
            for message in question.messages
            for block in message.blocks
            if isinstance(block, CallBlock)
        ]
        text, orders = self.orders.reply(
            _shown(prompt, question),
            called=len(called),
            is_root=question.frame_id == "f1",
        )
        blocks: list[Block] = [TextBlock(text=text)] if text else []
        if text:
            yield TextDelta(text)
        for number, (name, arguments) in enumerate(orders, start=1):
            call_id = call_id_for(question, number)
            blocks.append(CallBlock(call_id=call_id, name=name, arguments=arguments))
            yield CallReady(call_id=call_id, name=name, arguments=arguments)
        yield Replied(
            blocks=tuple(blocks), stop_reason="tool_use" if orders else "end_turn"
        )


def _shown(prompt: Prompt, question: Question) -> str:
    parts = [prompt.lasting, prompt.current]
    for message in question.messages:
        parts += [b.text for b in message.blocks if isinstance(b, TextBlock)]
        parts += [flat(answer.content) for answer in message.answers]
    return "\n".join(parts)


def flat(content: JsonValue) -> str:
    """Return all text in it as it is, for a model that sees through every form."""
    if isinstance(content, dict):
        return "\n".join(f"{key}: {flat(value)}" for key, value in content.items())
    if isinstance(content, list):
        return "\n".join(map(flat, content))
    return content if isinstance(content, str) else json.dumps(content)


def letters(text: str) -> str:
    """Return the letters and digits of ``text``, in lower case."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def mark_of(text: str) -> str:
    """Return by what a text is known again, however it was cut or escaped."""
    return " ".join(letters(text).split()[-_MARK_WORDS:])
