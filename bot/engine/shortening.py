"""A turn's own transcript, as short as it must be. Pure.

Results of tools grow a transcript more than anything else. Once a question is too long,
what is oldest in it is shortened, message by message: results to what fits in a few
lines, and what the model itself wrote. Nothing is left out, so every call keeps its
result right behind it; the requester's words stay whole, and so does the last exchange.

What a question looks like follows from the messages before its end only: messages once
sent are sent again as they were until the next time that something must be shortened,
which is seldom, because then much is. That keeps them in the model's cache.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from bot.ports.agent import Message
from bot.protocol.values import Block, CallBlock, TextBlock, ThoughtBlock
from bot.turn.recall import cut, tokens_in

TURN_TOKENS = 40_000
"""Estimated tokens of a turn's own messages in one question, at most."""
KEPT_TOKENS = 20_000
"""What is left when something is shortened."""
KEPT_MESSAGES = 3
"""The last exchange: what was asked, the calls, their results."""
_SHORT = 300
"""Characters of a result, or of a text, that needs no shortening."""
_PART = 100
"""Characters of one part of a shortened result."""
_PARTS = 12
"""Parts of a shortened result."""
SHORTENED = "(shortened)"


def shortened(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages of one task as they are sent.

    Args:
        messages: User and assistant in turn; the last one is the question's end.
    """
    whole = [tokens_of(message) for message in messages]
    if sum(whole) <= TURN_TOKENS:
        return tuple(messages)
    brief = [_brief_message(message) for message in messages]
    saved = [w - tokens_of(b) for w, b in zip(whole, brief, strict=True)]
    short = 0
    for end in range(1, len(messages) + 1, 2):
        size = sum(whole[:end]) - sum(saved[:short])
        if size <= TURN_TOKENS:
            continue
        while size > KEPT_TOKENS and short < end - KEPT_MESSAGES:
            size -= saved[short]
            short += 1
    return (*brief[:short], *messages[short:])


def all_shortened(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages as they are sent where the model cannot read them otherwise.

    The last results are the longest then, so they are shortened too.
    """
    return tuple(map(_brief_message, messages))


def tokens_of(message: Message) -> int:
    """Return about how many tokens a message is."""
    answers = sum(tokens_in(_json(answer.content)) for answer in message.answers)
    notes = sum(tokens_in(_json(note)) for note in message.notes)
    return answers + notes + sum(tokens_in(_words(block)) for block in message.blocks)


def _words(block: Block) -> str:
    return block.name + _json(block.arguments) if block.type == "call" else block.text


def _brief_message(message: Message) -> Message:
    if message.role == "assistant":
        return replace(message, blocks=tuple(map(_brief_block, message.blocks)))
    answers = tuple(
        replace(answer, content=brief_of(answer.content)) for answer in message.answers
    )
    return replace(message, answers=answers)


def _brief_block(block: Block) -> Block:
    match block:
        case TextBlock(text=text):
            return TextBlock(text=cut(text, _SHORT))
        case CallBlock(arguments=arguments):
            brief = {name: _part(value) for name, value in arguments.items()}
            return block.model_copy(update={"arguments": brief})
        case ThoughtBlock():
            return block  # signed: it is sent as it is or not at all


def brief_of(content: JsonValue) -> JsonValue:
    """Return a result in few words, in the shape that it had."""
    if len(_json(content)) <= _SHORT:
        return content
    match content:
        case dict():
            parts = [*content.items()][:_PARTS]
            return {cut(k, _PART): _part(v) for k, v in parts} | {SHORTENED: True}
        case list():
            return [*(_part(value) for value in content[:_PARTS]), SHORTENED]
        case _:
            return f"{cut(str(content), _SHORT)} {SHORTENED}"


def _part(value: JsonValue) -> JsonValue:
    written = value if isinstance(value, str) else _json(value)
    return value if len(written) <= _PART else f"{cut(written, _PART)} {SHORTENED}"


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
