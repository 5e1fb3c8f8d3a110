"""A reply before it is streamed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from agents.models.acts import Use
from agents.models.context import Context
from agents.models.port import ToolOffer
from agents.models.transcript import Reading
from agents.models.typed import properties_of, typed
from agents.vocabulary import Vocabulary
from bot.ports.agent import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a reply is a function of."""

    question: Question
    reading: Reading
    vocabulary: Vocabulary
    tools: Mapping[str, ToolOffer]
    """What is on offer, by name."""

    def given_to(self, act: Use) -> dict[str, JsonValue]:
        """Return the arguments of a call, as the types that its tool takes."""
        offer = self.tools.get(act.tool)
        takes = properties_of(offer.schema if offer else {})
        return {name: typed(said, takes.get(name, {})) for name, said in act.given}

    def context(
        self, asked: tuple[str, ...], *, waiting: tuple[str, ...] = ()
    ) -> Context:
        """Return what a sentence is understood against.

        Args:
            asked: What was written before.
            waiting: The things that are asked for, the latest last.
        """
        return Context(
            vocabulary=self.vocabulary,
            requester=self.question.requester.person_id,
            asked=asked,
            answered=self.reading.answered,
            waiting=waiting,
            today=self.question.now.date() if self.question.now else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A call that the reply makes."""

    name: str
    arguments: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What to say, then what to call."""

    text: str
    calls: tuple[Proposal, ...] = ()
