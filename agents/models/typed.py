"""From words to values: what somebody said, as the type that a tool's schema wants. Pure.

What does not fit is left as it was said: whoever checks arguments then says so.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import JsonValue

NUMBERS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_YES, _NO = {"yes", "true", "on"}, {"no", "false", "off"}
_WHOLE = re.compile(r"-?\d{1,15}")
_DECIMAL = re.compile(r"-?\d{1,15}[.]\d{1,15}")

Schema = Mapping[str, Any]


def properties_of(schema: Schema) -> Mapping[str, Schema]:
    """Return each argument of a tool with what the schema says of it."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    named = cast("Mapping[str, object]", found)
    return {name: resolved(schema, said) for name, said in named.items()}


def resolved(schema: Schema, said: object) -> Schema:
    """Return what is said of one argument: a reference followed, "or nothing" left out.

    Args:
        schema: The whole one, with its definitions.
        said: Of the argument; anything that is no object says nothing.
    """
    if not isinstance(said, Mapping):
        return {}
    here = cast("Schema", said)
    name = str(here.get("$ref", "")).removeprefix("#/$defs/")
    if name:
        there = schema.get("$defs", {}).get(name)
        return cast("Schema", there) if isinstance(there, Mapping) else {}
    either = here.get("anyOf")
    if isinstance(either, list):
        options = cast("list[Schema]", either)
        real = [option for option in options if option.get("type") != "null"]
        return {**here, **resolved(schema, real[0])} if len(real) == 1 else {}
    return here


def typed(said: str, schema: Schema) -> JsonValue:
    """Return what was said as the type that ``schema`` wants; as text if it is none."""
    text = said.strip()
    word = text.casefold()
    for value in cast("list[JsonValue]", schema.get("enum", ())):
        if isinstance(value, str) and _plain(value) == _plain(text):
            return value
    match schema.get("type"):
        case "integer" if _WHOLE.fullmatch(text) or word in NUMBERS:
            return NUMBERS.get(word) if word in NUMBERS else int(text)
        case "number" if _DECIMAL.fullmatch(text):
            return float(text)
        case "number" if _WHOLE.fullmatch(text) or word in NUMBERS:
            return NUMBERS.get(word) if word in NUMBERS else int(text)
        case "boolean" if word in _YES | _NO:
            return word in _YES
        case _:
            return said


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text).casefold()
