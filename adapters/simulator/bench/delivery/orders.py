"""What the processes of the benchmark are told, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.simulator.bench.pacing.traces import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a turn is shown."""

    channel: str
    """Slack: the channel; Teams: the conversation."""
    thread: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client is to do: show turns that it makes up as the traces say."""

    way: str
    """How: a name of `adapters.simulator.bench.delivery.ways`."""
    url: str
    """Of Slack's API, or the connector's service URL."""
    token: str
    """Slack's bot token, or the Teams bot's password."""
    token_url: str = ""
    """Where Teams' tokens come from."""
    account: str
    """Slack: the workspace; Teams: the app id."""
    places: tuple[Place, ...]
    traces: tuple[Trace, ...]
    within: float
    """Seconds after which it gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a client says of itself when it is done."""

    begun: float
    """When the turns began, in monotonic seconds, the same for all processes."""
    cpu: float
    """Seconds of CPU that showing them took."""
    given_up: int
    """How many turns ended in an error of the client."""


def read(document: Mapping[str, Any]) -> Order:
    """Return an order from its JSON."""
    return Order(
        way=document["way"],
        url=document["url"],
        token=document["token"],
        token_url=document["token_url"],
        account=document["account"],
        places=tuple(Place(**place) for place in document["places"]),
        traces=traces_in(document["traces"]),
        within=document["within"],
    )


def traces_in(documents: Sequence[Mapping[str, Any]]) -> tuple[Trace, ...]:
    """Return traces from their JSON."""
    return tuple(
        Trace(
            name=document["name"],
            start=document["start"],
            steps=tuple(document["steps"]),
            said=tuple((at, size) for at, size in document["said"]),
        )
        for document in documents
    )
