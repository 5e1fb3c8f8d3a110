import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from adapters.teams.parse import Ignored, Parsed, parse, text_of
from adapters.teams.wire import read_activity
from bot.errors import MalformedError
from bot.protocol.inbound import Decided, Said
from tests.support.golden import ROOT, assert_golden, read_golden

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FOLDER = ROOT / "teams" / "activities"
# Written after the samples in Microsoft's documentation; none was seen live.
SAMPLES = sorted(
    file.stem for file in FOLDER.glob("*.json") if ".parsed" not in file.name
)
BOT = {"id": "28:bot", "name": "bot"}


def parsed(document: object) -> Parsed:
    return parse(read_activity(json.dumps(document).encode()), now=NOW)


def sample(name: str) -> Parsed:
    return parsed(read_golden(f"teams/activities/{name}.json"))


@pytest.mark.parametrize("name", SAMPLES)
def test_an_activity_says_what_it_always_said(name: str) -> None:
    said = sample(name)
    document: dict[str, Any] = (
        said.model_dump(mode="json")
        if isinstance(said, BaseModel)
        else {type(said).__name__: asdict(said)}
    )
    assert_golden(f"teams/activities/{name}.parsed.json", document)


def test_there_are_samples() -> None:
    assert len(SAMPLES) > 10


def test_a_click_under_a_new_id_is_said_to_be_the_same() -> None:
    first, again = sample("approve"), sample("approve-again-with-a-new-id")
    assert isinstance(first, Decided)
    assert isinstance(again, Decided)
    assert first.said_key == again.said_key
    assert first.delivery_id != again.delivery_id


def written(text: str, *mentions: tuple[str, str, str]) -> str:
    entities = [
        {"type": "mention", "text": shown, "mentioned": {"id": who, "name": name}}
        for who, name, shown in mentions
    ]
    document = {"type": "message", "text": text, "recipient": BOT, "entities": entities}
    return text_of(read_activity(json.dumps(document).encode()))


MINE = ("28:bot", "bot", "<at>bot</at>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<at>bot</at> why does the robot bot fail", "why does the robot bot fail"),
        ("<at>bot</at>&nbsp;hi", "hi"),
        ("hi <at>bot</at>", "hi"),
        ("<at>bot</at> what does &lt;at&gt; mean?", "what does <at> mean?"),
        ("<at>bot</at> and <at>bot</at>", "and <at>bot</at>"),
        ("a\u00a0b\r\nc\x00d", "a b\ncd"),
    ],
)
def test_only_the_bots_own_mention_goes(text: str, expected: str) -> None:
    assert written(text, MINE) == expected


def test_other_peoples_mentions_become_their_names() -> None:
    bob = ("29:bob", "Bob", "<at>Bob</at>")
    assert written("<at>bot</at> give <at>Bob</at> a seat", MINE, bob) == (
        "give Bob a seat"
    )


def test_odd_mentions_are_left_alone() -> None:
    document = {
        "type": "message",
        "text": "<at>x</at> hi",
        "entities": [
            {"type": "mention"},
            {"type": "mention", "text": 3, "mentioned": 4},
            {"type": "mention", "text": "", "mentioned": None},
            {"type": "clientInfo"},
        ],
    }
    assert text_of(read_activity(json.dumps(document).encode())) == "<at>x</at> hi"


def document_of(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", read_golden(f"teams/activities/{name}.json"))


def message(**changes: object) -> dict[str, Any]:
    return document_of("personal-message") | changes


@given(st.text(max_size=50).filter(lambda text: "&" not in text))
def test_what_a_person_writes_arrives(text: str) -> None:
    said = parsed(message(text=f"ab {text} yz", attachments=[]))
    assert isinstance(said, Said)
    assert said.text.startswith("ab")
    assert said.text.endswith("yz")
    printable = [c for c in text if c.isalnum()]
    assert [c for c in said.text if c.isalnum()] == ["a", "b", *printable, "y", "z"]


def test_a_guest_without_a_directory_id_is_named_by_the_platforms() -> None:
    said = parsed(message(**{"from": {"id": "29:guest", "name": "Guest"}}))
    assert isinstance(said, Said)
    assert said.user.user_id == "29:guest"


def test_a_message_without_time_gets_the_present_one() -> None:
    document = message()
    del document["timestamp"]
    said = parsed(document)
    assert isinstance(said, Said)
    assert said.at == NOW


def test_an_empty_message_in_a_personal_chat_needs_nothing() -> None:
    assert isinstance(parsed(message(text=" ", attachments=[])), Ignored)


def test_a_reason_is_no_longer_than_its_input_allows() -> None:
    click = document_of("approve")
    click["value"]["action"]["data"]["reason"] = "x" * 5000
    decided = parsed(click)
    assert isinstance(decided, Decided)
    assert len(decided.reason) == 500


@pytest.mark.parametrize("missing", ["id", "conversation", "from"])
def test_what_must_be_there_must_be_there(missing: str) -> None:
    document = message()
    del document[missing]
    with pytest.raises(MalformedError):
        parsed(document)
