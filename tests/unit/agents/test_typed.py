"""Words as the types that a schema wants."""

from typing import Any

import pytest
from pydantic import JsonValue

from agents.models.typed import properties_of, typed

COLOURS = {"type": "string", "enum": ["dark-blue", "red"]}


@pytest.mark.parametrize(
    ("said", "schema", "value"),
    [
        ("6", {"type": "integer"}, 6),
        ("Six", {"type": "integer"}, 6),
        ("6.5", {"type": "integer"}, "6.5"),
        ("6.5", {"type": "number"}, 6.5),
        ("zero", {"type": "number"}, 0),
        ("a few", {"type": "number"}, "a few"),
        ("6", {"type": "string"}, "6"),
        ("yes", {"type": "boolean"}, True),
        ("off", {"type": "boolean"}, False),
        ("maybe", {"type": "boolean"}, "maybe"),
        ("Dark blue", COLOURS, "dark-blue"),
        ("pink", COLOURS, "pink"),
        ("6", {}, "6"),
    ],
)
def test_what_was_said_has_the_type_that_is_wanted(
    said: str, schema: dict[str, Any], value: JsonValue
):
    found = typed(said, schema)
    assert (found, type(found)) == (value, type(value))


def test_an_argument_that_may_be_left_out_or_is_defined_elsewhere_has_its_type():
    schema: dict[str, Any] = {
        "$defs": {"Colour": COLOURS},
        "properties": {
            "colour": {"$ref": "#/$defs/Colour"},
            "seats": {
                "anyOf": [{"type": "integer"}, {"type": "null"}],
                "default": None,
            },
            "odd": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
            "lost": {"$ref": "#/$defs/Nowhere"},
            "any": True,
        },
    }
    found = properties_of(schema)
    assert found["colour"] == COLOURS
    assert found["seats"]["type"] == "integer"
    assert not found["odd"] and not found["lost"] and not found["any"]
    assert properties_of({"properties": 3}) == {}
