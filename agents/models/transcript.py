"""What a transcript says: what was asked, what was done, what is still unanswered. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agents.models import phrases
from bot.ports.agent import Message, ToolAnswer
from bot.protocol.values import CallBlock, TextBlock
from bot.view import wording

_SAID_MORE = (wording.RECONSIDERED, wording.CHANGED_REASON)
"""Why a call was not made by which its requester may still want it, or another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A call with its answer."""

    name: str
    arguments: dict[str, JsonValue]
    answer: ToolAnswer
    heard: tuple[str, ...] = ()
    """What the requester wrote and the assistant was told along with the answer."""

    @property
    def sentence(self) -> str:
        """What the answer says in words, whatever its form."""
        content = self.answer.content
        if isinstance(content, str):
            return content.strip()
        if isinstance(content, dict):
            if content.get("error") == wording.EFFECT_UNKNOWN:
                return phrases.unknown(str(content.get("ticket") or ""))
            for key in ("sentence", "answer", "denied", "error"):
                if isinstance(content.get(key), str):
                    return str(content[key]).strip()
        return ""

    @property
    def denied_by(self) -> str:
        """``policy``, ``person``, ``time`` or ``requester``; empty if not denied."""
        content = self.answer.content
        if isinstance(content, dict) and "denied" in content:
            return str(content.get("by", "policy"))
        return ""

    @property
    def thought_over(self) -> bool:
        """Whether it was not done because the requester said more, or changed it."""
        return self.denied_by == "requester" and self.sentence in _SAID_MORE

    @property
    def taken_back(self) -> bool:
        """Whether its request was withdrawn, for whatever reason."""
        return self.denied_by == "requester" and self.sentence not in _SAID_MORE

    def value(self, key: str) -> JsonValue:
        """Return one entry of the answer; ``None`` if it has none."""
        content = self.answer.content
        return content.get(key) if isinstance(content, dict) else None

    def argument(self, key: str) -> str:
        """Return one argument as text; empty if it was not given."""
        value = self.arguments.get(key)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A transcript as a dialogue needs it."""

    before: tuple[str, ...]
    """What the requester wrote and the assistant has seen."""
    answered: str
    """The last text with which the assistant ended an exchange."""
    now: tuple[str, ...]
    """What the requester wrote since the assistant last spoke."""
    current: tuple[str, ...]
    """What the requester wrote since the assistant last ended an exchange."""
    done: tuple[Done, ...]
    """The calls since then, with their answers."""
    ever: tuple[Done, ...]
    """All calls of the transcript, with their answers."""


def read(messages: Sequence[Message]) -> Reading:
    """Return what ``messages`` say."""
    spoke = _last(messages, lambda m: m.role == "assistant")
    ended = _last(messages, lambda m: m.role == "assistant" and not _calls(m))
    return Reading(
        before=_said(messages[: spoke + 1]),
        answered=_text(messages[ended]) if ended >= 0 else "",
        now=_said(messages[spoke + 1 :]),
        current=_said(messages[ended + 1 :]),
        done=_done(messages[ended + 1 :]),
        ever=_done(messages),
    )


def _last(messages: Sequence[Message], test: Callable[[Message], bool]) -> int:
    return max((i for i, message in enumerate(messages) if test(message)), default=-1)


def _said(messages: Sequence[Message]) -> tuple[str, ...]:
    return tuple(
        block.text
        for message in messages
        if message.role == "user"
        for block in message.blocks
        if isinstance(block, TextBlock) and block.text.strip()
    )


def _text(message: Message) -> str:
    return "\n".join(b.text for b in message.blocks if isinstance(b, TextBlock))


def _calls(message: Message) -> tuple[CallBlock, ...]:
    return tuple(b for b in message.blocks if isinstance(b, CallBlock))


def _done(messages: Sequence[Message]) -> tuple[Done, ...]:
    answers = {
        answer.call_id: (answer, _said([message]))
        for message in messages
        for answer in message.answers
    }
    return tuple(
        Done(
            name=call.name,
            arguments=call.arguments,
            answer=answers[call.call_id][0],
            heard=answers[call.call_id][1],
        )
        for message in messages
        for call in _calls(message)
        if call.call_id in answers
    )
