"""JSON schemas that a server sends: which can be used, and arguments checked by them.

A schema is somebody else's text that decides what a call may look like. It is looked at
once, when tools are listed: too large, not JSON Schema, reaching out to other
documents, too much work to follow, or of a form that models do not take, and the tool
is left out. Patterns are not evaluated here: a regular expression can stand still for
hours, and the server checks its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, cast

from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import ValidationError as Misfit
from jsonschema.protocols import Validator
from jsonschema.validators import (
    extend,  # pyright: ignore[reportUnknownVariableType] - has no types of its own
    validator_for,
)
from pydantic import ConfigDict, JsonValue, model_validator
from pydantic_core import PydanticCustomError
from referencing import Registry
from referencing.exceptions import Unresolvable
from typing_extensions import override

from agents.mcp import effort
from agents.tools.tool import Arguments

MOST_CHARS = 20_000
"""Of one schema, as JSON: a model reads every one of them with every question."""
MOST_GIVEN = 20_000
"""Characters of one call's arguments, as JSON."""
DEEPEST = 20
_PROPERTY = re.compile(r"^[a-zA-Z0-9_.-]{1,64}$")
_AT_THE_TOP = ("oneOf", "anyOf", "allOf", "not", "if", "$ref")
_MOST_PROBLEMS = 5


class SchemaArguments(Arguments):
    """Arguments of which only a server's schema says what they are."""

    model_config = ConfigDict(frozen=True, extra="allow", str_strip_whitespace=False)
    schema_of_server: ClassVar[Mapping[str, Any]] = {"type": "object"}
    check: ClassVar[Validator | None] = None

    @property
    def values_given(self) -> dict[str, JsonValue]:
        """The arguments as the server gets them."""
        return dict(self.model_extra or {})

    @classmethod
    @override
    def model_json_schema(cls, *args: object, **kwargs: object) -> dict[str, Any]:
        return dict(cls.schema_of_server)

    @model_validator(mode="before")
    @classmethod
    def _fits(cls, given: object) -> object:
        found = misfits(cls.check, given) if cls.check else []
        if found:
            raise PydanticCustomError(
                "schema", "{problems}", {"problems": "; ".join(found)}
            )
        return given


def arguments_of(schema: Mapping[str, Any]) -> type[SchemaArguments]:
    """Return the type of arguments that fit a schema that has no `problem_with` it."""
    body = {"schema_of_server": schema, "check": _validator(schema), "__doc__": ""}
    return type("ServerArguments", (SchemaArguments,), body)


def problem_with(schema: Mapping[str, Any]) -> str:
    """Return why a tool with this schema cannot be used; empty: it can."""
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "its schema is no JSON"
    if len(text) > MOST_CHARS:
        return f"its schema has {len(text)} characters; {MOST_CHARS} are allowed"
    if schema.get("type") != "object":
        return "its schema is not of an object"
    if odd := [key for key in _AT_THE_TOP if key in schema]:
        return f"its schema has {odd[0]} at its top, which models do not take"
    return _problem_inside(schema) or _too_much(schema) or _not_a_schema(schema)


def _problem_inside(schema: Mapping[str, Any]) -> str:
    for depth, key, value in _entries(schema, 0):
        if depth > DEEPEST:
            return f"its schema is nested more than {DEEPEST} deep"
        if key in effort.REFERENCES and (problem := _leads_away(str(value))):
            return problem
        if key == "patternProperties":
            return "its schema has patternProperties, which are not checked here"
        if key == "properties" and isinstance(value, dict):
            names = cast("dict[str, object]", value)
            if odd := [name for name in names if not _PROPERTY.match(name)]:
                return (
                    f"its argument {odd[0][:80]!r} has a name that models do not take"
                )
    return ""


def _leads_away(reference: str) -> str:
    if not reference.startswith("#"):
        return f"its schema refers to another document ({reference[:80]})"
    if reference.removeprefix("#") and not reference.startswith("#/"):
        return f"its schema refers to a place by name ({reference[:80]}), not by path"
    return ""


def _too_much(schema: Mapping[str, Any]) -> str:
    if effort.visits(schema) > effort.MOST_VISITS:
        return (
            f"its schema has more than {effort.MOST_VISITS} parts when its references "
            "are followed"
        )
    return ""


def _entries(value: object, depth: int) -> Iterator[tuple[int, str, object]]:
    if depth > DEEPEST:
        yield depth, "", None
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield depth, key, inner
            yield from _entries(inner, depth + 1)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _entries(inner, depth + 1)


def _not_a_schema(schema: Mapping[str, Any]) -> str:
    try:
        _dialect(schema).check_schema(dict(schema))
    except SchemaError as error:
        return f"its schema is not JSON Schema: {error.message[:200]}"
    return ""


def _dialect(schema: Mapping[str, Any]) -> type[Validator]:
    return validator_for(dict(schema), default=Draft202012Validator)


def _validator(schema: Mapping[str, Any]) -> Validator:
    # An empty registry: nothing is ever fetched.
    return _patient(_dialect(schema))(dict(schema), registry=Registry())


@cache
def _patient(dialect: type[Validator]) -> type[Validator]:
    keywords = {**dialect.VALIDATORS, "pattern": _leave_to_server}
    limited = {name: effort.counted(name, check) for name, check in keywords.items()}
    return cast("type[Validator]", extend(dialect, limited))


def _leave_to_server(*_: object) -> Iterator[Misfit]:
    return iter(())


def misfits(check: Validator, given: object) -> list[str]:
    """Return what is wrong with arguments, in plain words; empty: nothing."""
    if not isinstance(given, dict):
        return ["the arguments are no object"]
    try:
        if (size := len(json.dumps(given))) > MOST_GIVEN:
            return [f"they have {size} characters; {MOST_GIVEN} are allowed"]
        effort.begin()
        errors = sorted(
            check.iter_errors(cast("Any", given)), key=lambda e: list(map(str, e.path))
        )
    except (Unresolvable, RecursionError):
        return ["its schema cannot be followed"]
    except effort.TooMuchError:
        return ["checking them against its schema takes too long; give less"]
    return [_said(error) for error in errors[:_MOST_PROBLEMS]]


def _said(error: Misfit) -> str:
    where = ".".join(map(str, error.absolute_path))
    message = error.message[:200]
    return f"{where}: {message}" if where else message
