"""Schemas that strangers send: what is used, what is left out, what is checked."""

from typing import Any

import pytest
from pydantic import ValidationError

from agents.mcp.schema import DEEPEST, MOST_CHARS, arguments_of, problem_with

ROOM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "room": {"type": "string", "minLength": 1},
        "nights": {"type": "integer", "maximum": 30},
    },
    "required": ["room"],
    "additionalProperties": False,
}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return {"type": "object", "properties": {"deep": schema}}


def test_an_ordinary_schema_is_used():
    assert problem_with(ROOM) == ""
    assert problem_with({"type": "object"}) == ""
    inner = {
        "$defs": {"r": {"type": "string"}},
        "properties": {"a": {"$ref": "#/$defs/r"}},
    }
    assert problem_with({"type": "object", **inner}) == ""


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "not of an object"),
    ({"type": "array"}, "not of an object"),
    ({"type": "object", "oneOf": [{}]}, "oneOf at its top"),
    ({"type": "object", "properties": {"a": {"type": "strng"}}}, "not JSON Schema"),
    ({"type": "object", "properties": 7}, "not JSON Schema"),
    (
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}},
        "another document",
    ),
    (
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        "another document",
    ),
    ({"type": "object", "properties": {"a b": {}}}, "name that models do not take"),
    ({"type": "object", "patternProperties": {"(a+)+$": {}}}, "not checked here"),
    ({"type": "object", "description": "x" * MOST_CHARS}, "characters"),
    (nested(DEEPEST + 1), "nested"),
    ({"type": "object", "default": float("nan")}, "no JSON"),
]


@pytest.mark.parametrize(("schema", "why"), REFUSED)
def test_a_schema_that_cannot_be_used_says_why(schema: dict[str, Any], why: str):
    assert why in problem_with(schema)


def test_arguments_are_checked_by_the_servers_schema():
    arguments = arguments_of(ROOM)
    good = arguments.model_validate({"room": " blue ", "nights": 2})
    assert good.values_given == {"room": " blue ", "nights": 2}
    assert arguments.model_json_schema() == ROOM
    for wrong, said in (
        ({}, "'room' is a required property"),
        ({"room": ""}, "room: "),
        ({"room": "blue", "nights": 31}, "nights: 31 is greater"),
        ({"room": "blue", "for": "omar"}, "'for' was unexpected"),
    ):
        with pytest.raises(ValidationError, match=said):
            arguments.model_validate(wrong)


def test_names_that_our_own_models_use_are_arguments_like_others():
    names = ("model_extra", "check", "schema_of_server", "self", "copy")
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {} for name in names},
    }
    given = dict.fromkeys(names, 1)
    assert arguments_of(schema).model_validate(given).values_given == given


def test_a_pattern_that_never_ends_is_not_tried():
    schema = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}}
    assert problem_with(schema) == ""
    arguments_of(schema).model_validate({"a": "a" * 40 + "!"})


def test_a_reference_that_leads_nowhere_refuses_the_call_and_nothing_else():
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}
    assert problem_with(schema) == ""
    with pytest.raises(ValidationError, match="cannot be followed"):
        arguments_of(schema).model_validate({"a": 1})
    circle = {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}
    with pytest.raises(ValidationError, match="cannot be followed"):
        arguments_of(circle).model_validate({"a": 1})
