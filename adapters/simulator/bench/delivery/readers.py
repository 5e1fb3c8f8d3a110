"""What readers of a stand-in see of each turn, and when, from its journal."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from adapters.simulator.bench.delivery.answers import Answer, Sight, parts_in
from adapters.simulator.journal import Change
from bot.view.wording import ANSWER_TO_COME

_STOP = "turn.stop"
"""What our Stop button is called, on both platforms: who has one is still at work."""
_REFUSED = 429
_SLACK_CALLS = "chat."
_TEAMS_CALLS = frozenset({"send", "typing", "stream", "update", "delete"})


@dataclass(slots=True, kw_only=True)
class Reader:
    """Somebody who watches one turn."""

    place: str
    """Slack: the thread; Teams: the conversation."""
    answer: Answer
    shown: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """When (Unix seconds), and up to which character of the answer; 0: only that there
    is a turn."""
    ended: float | None = None
    """When it was first all there in messages that do not say that more will come."""
    calm_at: float | None = None
    """Since when no message says that somebody is at work."""
    _sights: dict[str, Sight] = field(default_factory=dict[str, Sight])

    @property
    def correct(self) -> bool:
        """Whether the answer stands there now, whole and in order everywhere."""
        in_order = all(sight.in_order for sight in self._sights.values())
        return in_order and self._is_whole()

    @property
    def alive(self) -> bool:
        """Whether a message says even now that somebody is at work."""
        return any(sight.alive for sight in self._sights.values())

    def see(self, at: float, message: str, sight: Sight | None) -> None:
        """Look at a message as it is now; ``None``: it is gone."""
        if sight is None:
            self._sights.pop(message, None)
        else:
            self._sights[message] = sight
        if self.alive:
            self.calm_at = None
        elif self.calm_at is None:
            self.calm_at = at
        if sight is None:
            return
        self.shown.append((at, self.answer.seen(self._sights.values())))
        if self.ended is None and self._is_whole():
            self.ended = at

    def _is_whole(self) -> bool:
        over = [sight for sight in self._sights.values() if not sight.working]
        return self.answer.seen(over) == self.answer.size


@dataclass(slots=True, kw_only=True)
class Readers:
    """Everybody who watches."""

    of: Mapping[str, Reader]
    """By their places."""
    calls: int = 0
    """That change what people see, refused ones among them."""
    refusals: int = 0
    """429s, whatever was asked."""

    @classmethod
    def watching(cls, answers: Iterable[tuple[str, Answer]]) -> "Readers":
        """Return one for each place and what is to be said there."""
        readers = [Reader(place=place, answer=answer) for place, answer in answers]
        return cls(of={reader.place: reader for reader in readers})

    @property
    def content(self) -> bool:
        """Whether everybody has seen the end."""
        return all(reader.ended is not None for reader in self.of.values())

    @property
    def calm(self) -> bool:
        """Whether nobody sees a message that says that somebody is at work."""
        return not any(reader.alive for reader in self.of.values())

    def read(self, changes: Iterable[Change]) -> None:
        """Take in what happened, in its order."""
        for change in changes:
            match change.kind:
                case "slack.message" if change.body["bot_id"] is not None:
                    self._look(change, str(change.body["thread_ts"]), "ts", _in_slack)
                case "teams.activity" if change.body["from"]["id"].startswith("28:"):
                    self._look(change, change.body["conversation"], "id", _in_teams)
                case "api":
                    self._count(change.body)
                case _:
                    pass

    def _look(
        self,
        change: Change,
        place: str,
        key: str,
        sight: Callable[[Mapping[str, Any]], Sight | None],
    ) -> None:
        if reader := self.of.get(place):
            at = change.at.timestamp()
            reader.see(at, change.body[key], sight(change.body))

    def _count(self, call: Mapping[str, Any]) -> None:
        slack = call["platform"] == "slack" and call["method"].startswith(_SLACK_CALLS)
        teams = call["platform"] == "teams" and call["operation"] in _TEAMS_CALLS
        self.calls += slack or teams
        self.refusals += call["status"] == _REFUSED


def _in_slack(message: Mapping[str, Any]) -> Sight | None:
    if message["op"] == "deleted":
        return None
    blocks = message["blocks"]
    texts = [*_texts(blocks)] if blocks else [message["text"]]
    working = message["stream"] == "open" or _holds(blocks, _STOP)
    apart = any(ANSWER_TO_COME in text for text in texts)
    return Sight(parts_in(*texts), working=working, alive=working and not apart)


def _in_teams(message: Mapping[str, Any]) -> Sight | None:
    if message["deleted"]:
        return None
    cards = message["attachments"]
    texts = [message["text"] or "", *_texts(cards)]
    working = bool(message.get("streaming")) or _holds(cards, _STOP)
    return Sight(parts_in(*texts), working=working, alive=working)


def _texts(node: object) -> Iterator[str]:
    """Yield everything that is called a text, in order."""
    match node:
        case dict():
            for key, inner in cast("dict[str, object]", node).items():
                if key == "text" and isinstance(inner, str):
                    yield inner
                else:
                    yield from _texts(inner)
        case list():
            for inner in cast("list[object]", node):
                yield from _texts(inner)
        case _:
            return


def _holds(node: object, value: str) -> bool:
    match node:
        case dict():
            inside = cast("dict[str, object]", node).values()
            return any(_holds(inner, value) for inner in inside)
        case list():
            return any(_holds(inner, value) for inner in cast("list[object]", node))
        case _:
            return node == value
