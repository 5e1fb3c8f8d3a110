"""What every `bot.ports.streaming.Streams` must do, tried on each over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from adapters.slack.client import SlackPlatform
from adapters.teams.client import TeamsPlatform
from bot.errors import StreamOverError, StreamRefusedError
from bot.ports.streaming import Streams
from bot.ports.surface import Payload, Platform
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import Step, TurnView
from tests.support.platforms import (
    Open,
    SlackVenue,
    Venue,
    slack_venue,
    teams_venue,
)

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
BEGUN = TurnView(
    headline="Working on it",
    mood="running",
    steps=(Step(id="s1", title="Looking", status="running"),),
    text="One apple.\n\n",
    streaming=True,
)
MORE = replace(BEGUN, text="One apple.\n\nTwo pears.\n\n")
DONE = replace(
    MORE,
    headline="Done",
    mood="done",
    steps=(replace(BEGUN.steps[0], status="done"),),
    text="One apple.\n\nTwo pears.\n\nThree plums.",
    streaming=False,
)
OTHER = replace(MORE, text="No fruit at all.\n\n")


@dataclass(frozen=True)
class Scene:
    """A conversation with Ada where messages can be streamed."""

    venue: Venue
    to: Address

    @property
    def platform(self) -> Platform:
        return self.venue.platform

    @property
    def streams(self) -> Streams:
        assert isinstance(self.platform, SlackPlatform | TeamsPlatform)
        return self.platform.streams

    def payload(self, view: TurnView) -> Payload:
        return self.platform.render(view)

    @property
    def words(self) -> str:
        """What there is to read in the one message of the bot."""
        (message,) = self.venue.shown()
        return f"{message.words} {message.body.get('text', '')}"


@pytest.fixture(params=[slack_venue, teams_venue], ids=["slack", "teams"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    opening: Open = request.param
    async with opening(metered=False) as venue:
        to = await venue.platform.open_direct(venue.ada, None)
        if isinstance(venue, SlackVenue):
            thread = await venue.world.say("U0ADA", to.channel, "help")
            to = to.model_copy(update={"thread": thread})
        yield Scene(venue, to)


async def test_a_stream_grows_one_message_which_can_be_edited_afterwards(scene: Scene):
    begun, more, done = map(scene.payload, (BEGUN, MORE, DONE))
    assert scene.streams.suits(scene.to, begun)
    receipt = await scene.streams.open(scene.to, begun, surface=SURFACE)
    assert receipt.stream
    assert receipt.stream.until > scene.venue.clock.now()
    assert receipt.address == scene.to
    assert "apple" in scene.words
    scene.venue.clock.advance(2)
    assert scene.streams.extends(begun, more)
    receipt = await scene.streams.append(receipt, more, shown=begun)
    assert "pears" in scene.words
    assert receipt.stream
    scene.venue.clock.advance(2)
    last = done if scene.streams.extends(more, done) else None
    closed = await scene.streams.close(receipt, last, shown=more)
    assert closed.stream is None
    assert closed.message_id == receipt.message_id
    edited = await scene.platform.edit(closed, done)
    assert edited.stream is None
    assert all(word in scene.words for word in ("apple", "pears", "plums"))


async def test_what_takes_something_back_does_not_extend(scene: Scene):
    begun, other = scene.payload(BEGUN), scene.payload(OTHER)
    assert scene.streams.extends(begun, begun)
    assert not scene.streams.extends(begun, other)
    assert not scene.streams.extends(begun, scene.payload(replace(MORE, text="")))


async def test_whoever_finds_a_stream_open_closes_it_and_edits(scene: Scene):
    begun = scene.payload(BEGUN)
    receipt = await scene.streams.open(scene.to, begun, surface=SURFACE)
    another = await scene.venue.another()
    assert isinstance(another, SlackPlatform | TeamsPlatform)
    scene.venue.clock.advance(2)
    closed = await another.streams.close(receipt, None, shown=begun)
    assert closed.stream is None
    await another.edit(closed, scene.payload(OTHER))
    assert "fruit" in scene.words
    assert "apple" not in scene.words


async def test_closing_what_is_closed_is_harmless(scene: Scene):
    begun = scene.payload(BEGUN)
    receipt = await scene.streams.open(scene.to, begun, surface=SURFACE)
    scene.venue.clock.advance(2)
    closed = await scene.streams.close(receipt, None, shown=begun)
    scene.venue.clock.advance(2)
    assert await scene.streams.close(receipt, None, shown=begun) == closed


async def test_a_stream_that_has_ended_takes_nothing_more(scene: Scene):
    begun, more = scene.payload(BEGUN), scene.payload(MORE)
    receipt = await scene.streams.open(scene.to, begun, surface=SURFACE)
    scene.venue.clock.advance(400)
    with pytest.raises(StreamOverError):
        await scene.streams.append(receipt, more, shown=begun)
    await scene.platform.edit(receipt, more)
    assert "pears" in scene.words


async def test_where_it_does_not_suit_nothing_is_shown(scene: Scene):
    nobody = scene.to.model_copy(update={"personal": False, "user": "", "thread": ""})
    begun = scene.payload(BEGUN)
    assert not scene.streams.suits(nobody, begun)
    with pytest.raises(StreamRefusedError):
        await scene.streams.open(nobody, begun, surface=SURFACE)
    assert not scene.venue.shown()
