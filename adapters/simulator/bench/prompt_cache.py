"""A stand-in for the API's prompt cache: counts what two requests share.

It follows the documentation, not a measurement: a request is a chain of blocks (tools,
system, messages); what is cached is a chain that begins the same and ends at a mark; a
mark finds what ends there or up to 20 blocks before it; a chain that is too short is
not kept. Nothing runs out here, where the API forgets after five minutes of disuse, and
a token is four characters of JSON.

Source: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SHORTEST = 1024
"""Tokens below which nothing is kept; some models want 4,096."""
LOOK_BACK = 20
"""Blocks before a mark among which the end of something cached is looked for."""
MARKS = 4
"""In one request, at most."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of one request's tokens."""

    read: int
    """Found in the cache."""
    written: int
    """New, and kept."""
    fresh: int
    """New, and not kept."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.read + self.written + self.fresh

    @property
    def usage(self) -> dict[str, int]:
        """As the API says it."""
        return {
            "input_tokens": self.fresh,
            "cache_creation_input_tokens": self.written,
            "cache_read_input_tokens": self.read,
        }


@dataclass(slots=True)
class PromptCache:
    """What requests have left."""

    shortest: int = SHORTEST
    _kept: set[str] = field(default_factory=set[str])

    def count(self, body: Mapping[str, Any]) -> Counted:
        """Return what a request finds, and keep what it marks."""
        chain, sizes, marks = hashlib.sha256(body["model"].encode()), [0], list[int]()
        names: list[str] = [""]
        for block in _blocks(body):
            marked = block.pop("cache_control", None)
            written = json.dumps(block, sort_keys=True)
            chain.update(written.encode())
            names.append(chain.hexdigest())
            sizes.append(sizes[-1] + len(written) // 4)
            if marked:
                marks.append(len(names) - 1)
        assert len(marks) <= MARKS, "the API refuses more"
        ends = [end for m in marks for end in range(m, max(0, m - LOOK_BACK), -1)]
        found = max((end for end in ends if names[end] in self._kept), default=0)
        kept = [mark for mark in marks if sizes[mark] >= self.shortest]
        self._kept |= {names[mark] for mark in kept}
        last = max([found, *kept])
        return Counted(
            read=sizes[found],
            written=sizes[last] - sizes[found],
            fresh=sizes[-1] - sizes[last],
        )


def _blocks(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the request's blocks, in the order in which they are cached."""
    for tool in body.get("tools", ()):
        yield {"tool": tool}
    for block in body["system"]:
        yield {**block}
    for message in body["messages"]:
        for block in message["content"]:
            yield {"role": message["role"], **block}
