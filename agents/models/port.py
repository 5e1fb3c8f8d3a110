"""What a model is to the agents: asked with a prompt, tools and a transcript.

Implemented by `agents.models.scripted` and `agents.models.anthropic`. A model only
proposes; what happens is ruled elsewhere.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from agents.vocabulary import Vocabulary
from bot.ports.agent import Part, Question
from bot.protocol.ids import CallId

NOT_JSON = "not JSON"
"""The only key of arguments that are none: what the model wrote instead is under it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is told before the conversation."""

    lasting: str
    """The same for every question to this agent: worth caching."""
    current: str
    """About this requester and this moment."""
    vocabulary: Vocabulary
    """The facts of ``lasting`` as data, for a model that cannot read."""
    model: str = ""
    """Which model the agent declares; empty: the configured one."""
    fallback: str = ""
    """Which model is asked where that one fails; empty: the configured one."""
    thinking: Literal["", "low", "medium", "high"] = ""
    """How much the model thinks before it answers; empty: not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOffer:
    """A tool as a model sees it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    """JSON schema of the arguments."""


class Model(Protocol):
    """Something that answers."""

    def name_for(self, declared: str) -> str:
        """Return which model speaks where an agent declares ``declared``."""
        ...

    def summaries(self) -> str | None:
        """Return which model sums up; ``None``: this one cannot."""
        return None

    def footer(self) -> str:
        """Return what must be said under every answer; empty: nothing."""
        ...

    def tokens_of(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> int:
        """Return about how many tokens a question takes; 0: it costs nothing."""
        del prompt, tools, question
        return 0

    def ask(
        self, prompt: Prompt, tools: Sequence[ToolOffer], question: Question
    ) -> AsyncIterator[Part]:
        """Stream one reply; the last part is `Replied`.

        Raises:
            ModelError: The model refused or failed; parts seen so far are void.
        """
        ...


def call_id_for(question: Question, number: int) -> CallId:
    """Return the id of the reply's call ``number``, counted from 1.

    The same question gives the same ids, whichever process asks it again.
    """
    return CallId(f"{question.frame_id}-{question.ask}-{number}")
