import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from pydantic import JsonValue, ValidationError

from bot.protocol.codec import cleaned, decode, encode, sealed
from bot.protocol.events import (
    Event,
    ToolFinished,
    ToolStarted,
    TurnEvent,
    UnknownEvent,
)
from bot.protocol.ids import CallId
from tests.support.record_events import GOLDEN, documents_of, kind_of
from tests.support.turns import events

DOCUMENTS = sorted(GOLDEN.glob("*.json"))
UNION = get_args(get_args(TurnEvent)[0])
TYPES = {model.model_fields["type"].default: model for model in UNION}


@given(events)
def test_what_is_written_is_read_back(event: TurnEvent) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_golden_document_decodes_and_loses_nothing(path: Path) -> None:
    """Recorded once per release, never changed: logs of that age are in databases."""
    body = path.read_text("utf-8")
    event = decode(body)
    assert isinstance(event, TYPES[kind_of(path)])
    written, recorded = json.loads(encode(event)), json.loads(body)
    assert {key: written[key] for key in recorded} == recorded
    later = TYPES[kind_of(path)].model_fields.keys() - recorded.keys()
    assert not later & event.model_fields_set


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_the_newest_golden_document_of_each_type_has_all_its_fields(kind: str) -> None:
    newest = documents_of(kind)[-1].read_text("utf-8")
    assert json.loads(newest).keys() == TYPES[kind].model_fields.keys()


def test_no_golden_document_is_left_over() -> None:
    assert {kind_of(path) for path in GOLDEN.glob("*.json")} == set(TYPES)


def test_an_event_of_a_newer_release_is_kept_as_it_is() -> None:
    body = '{"type": "turn.danced", "v": 9, "with": "wolves"}'
    event = decode(body)
    assert event == UnknownEvent(type="turn.danced", body=body)
    assert encode(event) == body


def test_a_field_of_a_newer_release_is_ignored() -> None:
    body = '{"type": "turn.resumed", "v": 2, "because": "x", "mood": "good"}'
    event = decode(body)
    assert isinstance(event, Event)
    assert event.v == 2


def test_a_field_of_a_newer_release_is_ignored_inside_of_values_too() -> None:
    entry = '{"call_id": "c", "tool": "t", "title": "T", "mood": "good"}'
    body = f'{{"type": "turn.completed", "ledger": {{"did": [{entry}], "sum": 1}}}}'
    event = decode(body)
    assert isinstance(event, TYPES["turn.completed"])
    assert '"tool":"t"' in encode(event)


def test_the_writer_refuses_what_is_not_declared() -> None:
    with pytest.raises(ValidationError):
        TYPES["turn.resumed"].model_validate({"because": "x", "mood": "good"})


@pytest.mark.parametrize("body", ['{"v": 1}', "[]", "", '{"type": "turn.resumed"}'])
def test_a_broken_document_is_an_error(body: str) -> None:
    with pytest.raises(ValidationError):
        decode(body)


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud83db"], ids=["NUL", "half a pair"])
def test_text_that_no_log_can_hold_is_replaced(bad: str) -> None:
    event = ToolFinished(
        call_id=CallId("c"), outcome="done", title=bad, result={"deep": [bad, 1]}
    )
    clean = cleaned(event)
    assert isinstance(clean, ToolFinished)
    assert (clean.title, clean.result) == ("a\ufffdb", {"deep": ["a\ufffdb", 1]})
    assert decode(encode(clean)) == clean


@pytest.mark.parametrize("text", ["a\x00b", "a\ud83db", "a\\u0000b", "a\\\x00b", "a"])
def test_sealing_is_cleaning_and_encoding(text: str) -> None:
    results: list[JsonValue] = [{"deep": [text, 1]}, {text: 1}, {}]
    for result in results:
        event = ToolFinished(
            call_id=CallId("c"), outcome="done", title=text, result=result
        )
        clean = cleaned(event)
        assert sealed(event) == (clean, encode(clean))


@given(events)
def test_sealing_any_event_is_cleaning_and_encoding(event: TurnEvent) -> None:
    clean = cleaned(event)
    assert sealed(event) == (clean, encode(clean))


@given(events)
def test_clean_events_are_left_alone(event: TurnEvent) -> None:
    assert cleaned(event) is event or cleaned(cleaned(event)) == cleaned(event)


def test_a_newer_version_that_cannot_be_read_is_kept_as_unknown() -> None:
    body = '{"type": "tool.started", "v": 2, "call": "c1"}'
    event = decode(body)
    assert isinstance(event, UnknownEvent)
    assert (event.type, encode(event)) == ("tool.started", body)


def test_a_newer_version_that_can_be_read_is_read() -> None:
    event = decode('{"type": "tool.started", "v": 2, "call_id": "c", "key": "k"}')
    assert isinstance(event, ToolStarted)


def test_a_damaged_event_of_this_version_is_no_newer_one() -> None:
    with pytest.raises(ValidationError):
        decode('{"type": "tool.started", "v": 1, "call": "c1"}')
