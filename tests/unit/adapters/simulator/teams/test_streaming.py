from dataclasses import dataclass
from typing import Any

import pytest

from adapters.simulator.teams.faults import Reset, ServerError, Throttle
from tests.unit.adapters.simulator.teams.stage import Reply, Stage, stage

Json = dict[str, Any]
STATEMENT = "https://schema.org/Message"
CARD: Json = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {"type": "AdaptiveCard", "version": "1.5", "body": []},
}


@dataclass
class Writer:
    """A bot that streams into Ada's chat, at the right pace."""

    staged: Stage
    id: str = ""
    sequence: int = 1
    chat: str = ""

    async def send(
        self,
        text: str | None,
        kind: str = "streaming",
        *,
        pause: float = 1,
        **more: Any,  # noqa: ANN401 - whatever a bot may send
    ) -> Reply:
        await self.staged.clock.advance(pause)
        info: Json = {"type": "streaminfo", "streamType": kind}
        if kind != "final":
            info["streamSequence"] = more.pop("sequence", self.sequence)
        if self.id:
            info["streamId"] = self.id
        info |= more.pop("info", {})
        body = {
            "type": more.pop("type", "message" if kind == "final" else "typing"),
            "text": text,
            "entities": [info, *more.pop("entities", [])],
            **more,
        }
        chat = self.chat or self.staged.ada
        answer = await self.staged.client.call("POST", f"/{chat}/activities", body)
        if answer[0] in {201, 202}:
            self.sequence += 1
            self.id = self.id or answer[1].get("id", "")
        return answer

    @property
    def shown(self) -> Json:
        [message] = self.staged.world.messages(self.staged.ada)
        return message


@pytest.fixture
def writer(staged: Stage) -> Writer:
    return Writer(staged)


def refusal(answer: Reply) -> tuple[int, str]:
    status, body, _ = answer
    return status, body["error"]["message"]


async def test_a_message_grows_from_its_first_word_to_its_last(writer: Writer):
    status, body, _ = await writer.send("A brown")
    assert (status, list(body)) == (201, ["id"])
    assert (writer.shown["text"], writer.shown["streaming"]) == ("A brown", True)
    assert (await writer.send("A brown fox"))[:2] == (202, {})
    assert writer.shown["text"] == "A brown fox"
    assert (await writer.send("A brown fox.", "final"))[:2] == (202, {})
    assert writer.shown["text"] == "A brown fox."
    assert "streaming" not in writer.shown
    assert writer.shown["id"] == body["id"]
    assert writer.shown["revision"] == 1


async def test_what_the_bot_does_is_seen_until_it_writes(writer: Writer):
    await writer.send("Searching", "informative")
    assert (writer.shown["informative"], writer.shown["text"]) == ("Searching", "")
    await writer.send("Reading", "informative")
    assert writer.shown["informative"] == "Reading"
    await writer.send("It is")
    assert "informative" not in writer.shown
    assert (await writer.send("Searching again", "informative"))[0] == 202
    assert (writer.shown["text"], "informative" in writer.shown) == ("It is", False)


async def test_only_the_final_carries_cards_and_it_stays_one_message(writer: Writer):
    early = await writer.send("A", attachments=[CARD])
    assert early[0] == 400
    await writer.send("A")
    label = {"type": "https://schema.org/Message"}
    ended = await writer.send("AB", "final", attachments=[CARD], entities=[label])
    assert ended[0] == 202
    assert writer.shown["attachments"] == [CARD]
    assert writer.shown["entities"] == [label]


async def test_a_group_gets_405_in_the_playgrounds_words(writer: Writer):
    writer.chat = writer.staged.world.open_group("ada", "bob")
    status, body, _ = await writer.send("A")
    assert status == 405
    assert body == {
        "code": "BadArgument",
        "message": " Streaming API is not enabled for non personal scope or non"
        " copilot conversations.",
    }
    assert writer.staged.world.messages(writer.chat) == []


@pytest.mark.parametrize(
    ("text", "kind", "more"),
    [
        (None, "streaming", {}),
        ("  ", "informative", {}),
        ("A", "final", {}),
        ("A", "poetry", {}),
        ("A", "streaming", {"sequence": 2}),
        ("A", "streaming", {"sequence": None}),
        ("A", "streaming", {"sequence": "1"}),
        ("A", "streaming", {"type": "message"}),
        ("A", "streaming", {"entities": [{"type": "streaminfo"}]}),
    ],
)
async def test_a_malformed_start_is_400_and_shows_nothing(
    writer: Writer, text: str | None, kind: str, more: Json
):
    assert (await writer.send(text, kind, **more))[0] == 400
    assert writer.staged.world.messages(writer.staged.ada) == []


@pytest.mark.parametrize(
    "more",
    [{"type": "typing"}, {"info": {"streamSequence": 3}}],
    ids=["typing", "numbered"],
)
async def test_a_malformed_end_is_400_and_ends_nothing(writer: Writer, more: Json):
    await writer.send("A")
    assert (await writer.send("A", "final", **more))[0] == 400
    assert (await writer.send("A", "final"))[0] == 202


@pytest.mark.parametrize("kind", ["streaming", "final"])
async def test_each_text_contains_the_one_before(writer: Writer, kind: str):
    await writer.send("A brown fox")
    assert refusal(await writer.send("A white fox", kind)) == (
        403,
        "Request streamed content should contain the previously streamed content",
    )
    assert writer.shown["text"] == "A brown fox"
    assert (await writer.send("A brown fox.", kind))[0] == 202


async def test_what_arrives_out_of_order_is_dropped(writer: Writer):
    await writer.send("A")
    await writer.send("AB")
    status, body, _ = await writer.send("ABC", sequence=2)
    assert status == 202
    assert body["error"]["code"] == "ContentStreamSequenceOrderPreConditionFailed"
    assert writer.shown["text"] == "AB"


async def test_a_second_request_in_a_second_is_429(writer: Writer):
    await writer.send("A")
    for kind in ("streaming", "final"):
        assert refusal(await writer.send("AB", kind, pause=0.375)) == (
            429,
            "API calls quota exceeded",
        )
    assert (await writer.send("AB", pause=0.25))[0] == 202
    assert (await writer.send("ABC", pause=0.75))[0] == 429


async def test_an_informative_update_has_at_most_1000_characters(writer: Writer):
    assert (await writer.send("x" * 1000, "informative"))[0] == 201
    answer = await writer.send("x" * 1001, "informative")
    assert refusal(answer) == (403, "Message size too large")
    answer = await writer.send("ä" * 600, "informative")
    assert refusal(answer) == (403, "Message size too large"), "1 kB"


@pytest.mark.parametrize(
    "more",
    [
        {"entities": [{"type": STATEMENT, "additionalType": ["AIGeneratedContent"]}]},
        {"entities": [{"type": STATEMENT, "usageInfo": {"name": "Secret"}}]},
        {"channelData": {"feedbackLoop": {"type": "default"}}},
    ],
    ids=["label", "sensitivity", "feedback"],
)
async def test_what_belongs_to_the_end_comes_with_the_end(writer: Writer, more: Json):
    assert (await writer.send("A", **more))[0] == 400
    citation: Json = {"type": STATEMENT, "citation": []}
    assert (await writer.send("A", entities=[citation]))[0] == 201
    assert (await writer.send("AB", "final", **more))[0] == 202


async def test_a_text_that_is_too_big_is_403_not_413(writer: Writer):
    await writer.send("x")
    answer = await writer.send("x" * 60_000)
    assert refusal(answer) == (403, "Message size too large")
    assert writer.shown["text"] == "x"


async def test_a_chat_has_one_stream_at_a_time(writer: Writer):
    await writer.send("A")
    second = Writer(writer.staged)
    assert refusal(await second.send("B")) == (403, "Content stream is not allowed")
    await writer.send("A", "final")
    assert (await second.send("B"))[0] == 201


async def test_after_two_minutes_nothing_is_taken_not_even_the_end(writer: Writer):
    await writer.send("A")
    assert (await writer.send("AB", pause=119))[0] == 202
    for kind in ("streaming", "final"):
        assert refusal(await writer.send("ABC", kind)) == (
            403,
            "Content stream finished due to exceeded streaming time.",
        )
    assert writer.shown["text"] == "AB"


async def test_a_stream_that_nobody_touches_ends_too(writer: Writer):
    await writer.send("A")
    await writer.staged.clock.someone_sleeps(120.0)
    await writer.staged.clock.advance(119)
    assert writer.shown["streaming"]
    await writer.staged.clock.advance(1)
    await writer.staged.world.wait_for(lambda _: not writer.shown["streaming"])


async def test_a_person_stops_it(writer: Writer):
    assert writer.staged.world.stop_stream("ada") is None
    await writer.send("A")
    assert writer.staged.world.stop_stream("ada") == writer.id
    for kind in ("streaming", "final"):
        assert refusal(await writer.send("AB", kind)) == (
            403,
            "Content stream was canceled by user",
        )
    assert (writer.shown["text"], writer.shown["streaming"]) == ("A", False)
    assert writer.staged.world.stop_stream("ada") is None


async def test_what_is_complete_stays_so(writer: Writer):
    await writer.send("A")
    await writer.send("A", "final")
    assert refusal(await writer.send("AB")) == (
        403,
        "Content stream is not allowed on an already completed streamed message",
    )


@pytest.mark.parametrize("how", ["completed", "timed out", "stopped"])
async def test_a_stream_that_is_over_is_edited_like_any_message(
    writer: Writer, how: str
):
    await writer.send("A")
    staged = writer.staged
    early = await staged.client.update(staged.ada, writer.id, "edited")
    assert refusal(early) == (403, "Content stream is not allowed")
    if how == "completed":
        await writer.send("A", "final")
    elif how == "stopped":
        staged.world.stop_stream("ada")
    await staged.clock.advance(120 if how == "timed out" else 1)
    assert (await staged.client.update(staged.ada, writer.id, "edited"))[0] == 200
    assert writer.shown["text"] == "edited"
    assert "streaming" not in writer.shown


async def test_a_deleted_or_unknown_stream_is_404(writer: Writer):
    await writer.send("A")
    path = f"/{writer.staged.ada}/activities/{writer.id}"
    assert (await writer.staged.client.call("DELETE", path))[0] == 200
    assert (await writer.send("AB"))[0] == 404
    writer.id = "17"
    assert (await writer.send("AB"))[0] == 404


async def test_streams_draw_on_the_conversations_budget_too():
    async with stage() as staged:
        writer = Writer(staged)
        for _ in range(7):
            await staged.client.send(staged.ada)
        status, body, _ = await writer.send("A", pause=0)
        assert (status, body["error"]["message"]) == (429, "Too many requests.")
        assert len(staged.world.messages(staged.ada)) == 7


async def test_streams_and_typing_can_fail_on_command(writer: Writer):
    world = writer.staged.world
    world.fail_next("stream", Throttle(3))
    world.fail_next("stream", ServerError(504, applied=True))
    world.fail_next("typing", ServerError(503))
    assert (await writer.staged.client.send(writer.staged.ada))[0] == 201
    typing = {"type": "typing"}
    path = f"/{writer.staged.ada}/activities"
    assert (await writer.staged.client.call("POST", path, typing))[0] == 503
    assert (await writer.send("A"))[0] == 429
    assert (await writer.send("A"))[0] == 504
    [_, grown] = world.messages(writer.staged.ada)
    assert grown["text"] == "A"
    operations = [call["operation"] for call in writer.staged.calls()]
    assert operations[-4:] == ["send", "typing", "stream", "stream"]
    world.fail_next("stream", Reset())
    writer.id, writer.sequence = grown["id"], 2
    with pytest.raises(OSError, match="reset"):
        await writer.send("AB")
    assert world.messages(writer.staged.ada)[1]["text"] == "A"
