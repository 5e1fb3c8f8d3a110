"""Schemas that strangers send: what is used, what is left out, what is checked."""

from typing import Any

import pytest
from pydantic import ValidationError

from agents.mcp.schema import (
    DEEPEST,
    MOST_CHARS,
    MOST_GIVEN,
    arguments_of,
    problem_with,
)

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


def doubling(times: int) -> dict[str, Any]:
    """Return a small schema of which one value is looked at 2 ** times times."""
    defs: dict[str, Any] = {
        f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(times)
    }
    defs[f"a{times}"] = {"type": "integer"}
    return {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/a0"}},
        "$defs": defs,
    }


TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/node"}},
    "$defs": {
        "node": {
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/$defs/node"}},
                {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 9},
                {"type": "integer"},
            ]
        }
    },
}
"""Of which a value that is n deep and does not fit is looked at 2 ** n times."""


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
    (doubling(40), "more than 5000 parts when its references are followed"),
    ({"type": "object", "properties": {"a": {"$ref": "#name"}}}, "by name"),
    (
        {"type": "object", "properties": {"a": {"$recursiveRef": "other"}}},
        "another document",
    ),
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


def test_references_that_lead_to_little_are_followed():
    assert problem_with(doubling(5)) == ""
    arguments = arguments_of(doubling(5))
    assert arguments.model_validate({"x": 7}).values_given == {"x": 7}
    with pytest.raises(ValidationError, match="not of type 'integer'"):
        arguments.model_validate({"x": "seven"})


def test_a_schema_that_refers_to_itself_is_used():
    assert problem_with(TREE) == ""
    given = {"root": [1, [2, [3]]]}
    assert arguments_of(TREE).model_validate(given).values_given == given


def test_a_reference_is_followed_through_escapes_and_lists():
    part = {"$ref": "#/$defs/a~1b%25/anyOf/0"}
    start: dict[str, Any] = {"anyOf": [{"allOf": [{}] * 2_000}]}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"x": {"items": part}, "y": {"items": part}},
        "$defs": {"a/b%": start},
    }
    assert "parts" in problem_with(schema)


def deep(levels: int) -> object:
    value: object = "not an integer"
    for _ in range(levels):
        value = [value]
    return value


EXPENSIVE: list[tuple[dict[str, Any], object]] = [
    ({"$ref": "#/$defs/node"}, deep(22)),
    ({"uniqueItems": True}, [{"a": n} for n in range(1_500)]),
    ({"allOf": [{"items": {}}] * 400}, [1] * 6_000),
    ({"anyOf": [{"minItems": 9_999}] * 400}, [1] * 6_000),
]


@pytest.mark.parametrize(("part", "value"), EXPENSIVE)
def test_a_check_that_takes_too_long_ends_and_refuses(
    part: dict[str, Any], value: object
):
    schema = {**TREE, "properties": {"x": part}}
    assert problem_with(schema) == ""
    with pytest.raises(ValidationError, match="takes too long"):
        arguments_of(schema).model_validate({"x": value})


def test_arguments_that_are_too_large_are_refused_before_they_are_checked():
    arguments = arguments_of({"type": "object"})
    room = MOST_GIVEN - len('{"a": ""}')
    assert arguments.model_validate({"a": "x" * room})
    with pytest.raises(ValidationError, match="20001 characters; 20000 are allowed"):
        arguments.model_validate({"a": "x" * (room + 1)})


def test_many_ordinary_values_are_checked():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "integer"}}},
    }
    assert arguments_of(schema).model_validate({"a": [12] * 4_500})
