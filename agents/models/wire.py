"""Our transcript in the words of Anthropic's Messages API, and its stream in ours.

Source: https://docs.anthropic.com/en/api/messages-streaming and
https://docs.anthropic.com/en/docs/build-with-claude/tool-use
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from anthropic.types import (
    CacheControlEphemeralParam,
    ContentBlockParam,
    MessageParam,
    RawMessageDeltaEvent,
    RawMessageStreamEvent,
    TextBlockParam,
    ToolParam,
    ToolResultBlockParam,
)
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json

from agents.models.enclosure import enclosed
from agents.models.port import NOT_JSON, Prompt, ToolOffer, call_id_for
from bot.errors import QuestionTooLongError
from bot.ports.agent import (
    CallGrows,
    CallReady,
    Counted,
    Message,
    Part,
    Question,
    Replied,
    TextDelta,
    ThoughtDelta,
)
from bot.protocol.values import (
    Block,
    CallBlock,
    StopReason,
    TextBlock,
    ThoughtBlock,
    Usage,
)

_CACHED: CacheControlEphemeralParam = {"type": "ephemeral"}

_STOPPED: dict[str, StopReason] = {
    "end_turn": "end_turn",
    "stop_sequence": "end_turn",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "pause_turn": "pause_turn",
}

_FULL = "model_context_window_exceeded"
"""The stop reason of a reply for which the question left too little room."""

NOTES = "(Not written by whoever asks, but noted beside it:)"
"""Above what is told beside what was said."""

_LONGEST_BROKEN = 200
"""Characters of arguments that are not JSON which the model is shown again."""

_ENDS = frozenset('",]}')
"""With one of these a value in JSON may have ended."""

_arguments: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])

# ---------------------------------------------------------------------- what we send


def system_for(prompt: Prompt) -> list[TextBlockParam]:
    """Return the system prompt, which lasts: the same for all questions to an agent.

    Marked for caching: the tools precede it, and are cached with it.
    """
    return [{"type": "text", "text": prompt.lasting, "cache_control": _CACHED}]


def tools_for(offers: Sequence[ToolOffer]) -> list[ToolParam]:
    """Return the tools on offer; they precede the system prompt in its cache."""
    return [
        {
            "name": offer.name,
            "description": offer.description,
            "input_schema": dict(offer.schema),
        }
        for offer in offers
    ]


def messages_for(
    messages: Sequence[Message], *, earlier: int = 0, current: str = ""
) -> list[MessageParam]:
    """Return the transcript; every call has an answer right after it.

    Answers of tools are sent as results, which is what marks them as data.

    Args:
        messages: The transcript.
        earlier: How many of them are of earlier turns.
        current: What holds for this turn only. It comes after the earlier turns, so
            that it does not keep them from being found in the cache.
    """
    sent: list[MessageParam] = []
    owed: list[str] = []
    ends = {earlier - 1, len(messages) - 3, len(messages) - 1}
    for number, message in enumerate(messages):
        if message.role == "assistant":
            _add(sent, "assistant", [p for b in message.blocks for p in _spoken(b)])
            owed = [b.call_id for b in message.blocks if isinstance(b, CallBlock)]
        else:
            notes = [current] if current and number == earlier else []
            said = [*_results(message, owed), *_noted(message, notes), *_texts(message)]
            _add(sent, "user", said)
            owed = []
        if number in ends and number >= earlier - 1:
            _mark_last(sent)
    return sent


def _add(
    sent: list[MessageParam],
    role: Literal["user", "assistant"],
    content: Sequence[ContentBlockParam],
) -> None:
    """Add a message, or more to the last one: two of the same role are one."""
    if not content:
        return
    if sent and sent[-1]["role"] == role:
        _blocks(sent[-1]).extend(content)
    elif role == "user":
        sent.append({"role": "user", "content": [*content]})
    else:
        sent.append({"role": "assistant", "content": [*content]})


def _noted(message: Message, more: Sequence[str]) -> Iterator[TextBlockParam]:
    """Yield what is told beside what was said."""
    if message.notes:
        yield {"type": "text", "text": f"{NOTES}\n{enclosed([*message.notes])}"}
    for text in more:
        yield {"type": "text", "text": text}


def _spoken(block: Block) -> Iterator[ContentBlockParam]:
    match block:
        case TextBlock(text=text) if text.strip():
            yield {"type": "text", "text": text}
        case ThoughtBlock(text=text, signature=signature) if signature:
            yield {"type": "thinking", "thinking": text, "signature": signature}
        case ThoughtBlock(redacted=data) if data:
            yield {"type": "redacted_thinking", "data": data}
        case CallBlock():
            yield {
                "type": "tool_use",
                "id": block.call_id,
                "name": block.name,
                "input": {**block.arguments},
            }
        case _:
            pass


def _results(message: Message, owed: Sequence[str]) -> Iterator[ToolResultBlockParam]:
    answered: set[str] = set()
    for answer in message.answers:
        answered.add(answer.call_id)
        yield {
            "type": "tool_result",
            "tool_use_id": answer.call_id,
            "content": enclosed(answer.content),
            "is_error": answer.is_error,
        }
    for call_id in owed:
        if call_id not in answered:
            yield {
                "type": "tool_result",
                "tool_use_id": call_id,
                "content": "No result: it is not known whether this happened.",
                "is_error": True,
            }


def _texts(message: Message) -> Iterator[TextBlockParam]:
    for block in message.blocks:
        if isinstance(block, TextBlock) and block.text.strip():
            yield {"type": "text", "text": block.text}


def _mark_last(sent: Sequence[MessageParam]) -> None:
    """Mark the end so far: the next question shares all of it.

    The API looks for what is cached at a mark, and up to 20 blocks before one. A
    reply may have more calls than that, so the end of the question before is marked
    along with the end of this one, and the end of the earlier turns for turns to come.
    """
    last: Any = _blocks(sent[-1])[-1] if sent else {}
    if last.get("type") in {"text", "tool_result", "tool_use"}:
        last["cache_control"] = _CACHED


def _blocks(message: MessageParam) -> list[Any]:
    """Return the blocks of a message of ours, which is never plain text."""
    content: Any = message["content"]
    return content


# ----------------------------------------------------------------------- what we get


@dataclass(slots=True)
class _Open:
    """A content block that is still being written."""

    kind: str
    number: int = 0
    """Which of the reply's calls it is."""
    name: str = ""
    known: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Of a call: the arguments that are complete so far."""
    text: str = ""
    signature: str = ""
    redacted: str = ""


@dataclass(slots=True, kw_only=True)
class Assembly:
    """A reply being put together from raw events."""

    question: Question
    model: str = ""
    """Who writes it."""
    _open: dict[int, _Open] = field(default_factory=dict[int, _Open])
    _blocks: list[Block] = field(default_factory=list[Block])
    _calls: int = 0
    _broken: CallBlock | None = None
    """A call whose arguments are not JSON: cut off by the reply's end, or wrong."""
    _stop: str = "end_turn"
    _usage: Usage = Usage()

    def take(self, event: RawMessageStreamEvent) -> Iterator[Part]:
        """Yield what the event adds to the reply."""
        match event.type:
            case "message_start":
                self._count(event.message.usage)
                yield Counted(model=self.model, usage=self._usage, begins=True)
            case "content_block_start":
                block = self._open[event.index] = _opened(event.content_block)
                if block.text:
                    yield TextDelta(block.text)
                if block.kind == "tool_use":
                    self._calls += 1
                    block.number = self._calls
                    yield self._growing(block)
            case "content_block_delta":
                block = self._open[event.index]
                yield from _grow(block, event.delta)
                more = getattr(event.delta, "partial_json", "")
                if not _ENDS.isdisjoint(more) and _knows_more(block):
                    yield self._growing(block)
            case "content_block_stop":
                yield from self._close(self._open.pop(event.index))
            case "message_delta":
                yield from self._end(event)
            case "message_stop":
                yield self._replied()
            case _:
                pass  # a newer API may send events that we need not know

    def _end(self, event: RawMessageDeltaEvent) -> Iterator[Part]:
        self._stop = event.delta.stop_reason or self._stop
        self._count(event.usage)
        yield Counted(model=self.model, usage=self._usage)
        if self._stop == _FULL:
            raise QuestionTooLongError("the model's context window is full")
        yield from self._settle_broken()

    def _count(self, usage: Any) -> None:  # noqa: ANN401 - two shapes, same fields
        """Take over the counts that the event has; they are cumulative."""

        def newest(name: str, known: int) -> int:
            value = getattr(usage, name, None)
            return value if isinstance(value, int) else known

        written = newest("cache_creation_input_tokens", 0)
        fresh = newest("input_tokens", -1)
        self._usage = Usage(
            input_tokens=self._usage.input_tokens if fresh < 0 else fresh + written,
            output_tokens=newest("output_tokens", self._usage.output_tokens),
            cache_read_tokens=newest(
                "cache_read_input_tokens", self._usage.cache_read_tokens
            ),
        )

    def _close(self, block: _Open) -> Iterator[Part]:
        match block.kind:
            case "text" if block.text:
                self._blocks.append(TextBlock(text=block.text))
            case "thinking":
                self._blocks.append(
                    ThoughtBlock(text=block.text, signature=block.signature)
                )
            case "redacted_thinking":
                self._blocks.append(ThoughtBlock(text="", redacted=block.redacted))
            case "tool_use":
                arguments = _parsed(block)
                call = CallBlock(
                    call_id=call_id_for(self.question, block.number),
                    name=block.name,
                    arguments=arguments or {},
                )
                if arguments is None:
                    raw = block.text[:_LONGEST_BROKEN]
                    broken = call.model_copy(update={"arguments": {NOT_JSON: raw}})
                    yield from self._settle_broken()
                    self._broken = broken
                    return
                yield from self._settle_broken()
                yield from self._call(call)
            case _:
                pass

    def _growing(self, block: _Open) -> CallGrows:
        call_id = call_id_for(self.question, block.number)
        return CallGrows(call_id=call_id, name=block.name, arguments=block.known)

    def _settle_broken(self) -> Iterator[Part]:
        """Yield the call that is not JSON, unless the reply was too long for it."""
        broken, self._broken = self._broken, None
        if broken and _STOPPED.get(self._stop) != "max_tokens":
            yield from self._call(broken)

    def _call(self, call: CallBlock) -> Iterator[Part]:
        self._blocks.append(call)
        yield CallReady(call_id=call.call_id, name=call.name, arguments=call.arguments)

    def _replied(self) -> Replied:
        return Replied(
            blocks=tuple(self._blocks),
            stop_reason=_STOPPED.get(self._stop, "end_turn"),
            usage=self._usage,
            model=self.model,
        )


def _opened(block: Any) -> _Open:  # noqa: ANN401 - a union of every block type
    return _Open(
        kind=block.type,
        name=getattr(block, "name", ""),
        text=getattr(block, "text", ""),
        redacted=getattr(block, "data", ""),
    )


def _grow(block: _Open, delta: Any) -> Iterator[Part]:  # noqa: ANN401 - a union
    match delta.type:
        case "text_delta":
            block.text += delta.text
            yield TextDelta(delta.text)
        case "thinking_delta":
            block.text += delta.thinking
            yield ThoughtDelta(delta.thinking)
        case "signature_delta":
            block.signature += delta.signature
        case "input_json_delta":
            block.text += delta.partial_json
        case _:
            pass


def _knows_more(block: _Open) -> bool:
    """Take note of arguments that have become complete; return whether any has.

    A value that is still being written is none yet: half a name may be another's.
    """
    try:
        known = from_json(block.text, allow_partial=True)
    except ValueError:
        return False
    if not isinstance(known, dict) or known == block.known:
        return False
    block.known = known
    return True


def _parsed(block: _Open) -> dict[str, JsonValue] | None:
    try:
        return _arguments.validate_json(block.text or "{}")
    except ValidationError:
        return None
