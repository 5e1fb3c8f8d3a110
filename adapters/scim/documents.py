"""Resources as they come, made into resources as they are kept. Pure.

Names are matched in any case, what is not kept is dropped, and what identity providers
are known to write otherwise is understood: ``"False"`` for false, a manager as a bare
id, one value where there may be several.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from adapters.scim.failures import bad
from adapters.scim.schemas import Attribute, Schema
from bot.ports.provisioning import Document

LONGEST = 1_000
"""Characters of one value."""
MOST = 20
"""Values of one attribute of a person."""
MOST_MEMBERS = 20_000

_COMMON = frozenset({"schemas", "id", "meta"})


def kept_of(schema: Schema, given: Mapping[str, JsonValue]) -> Document:
    """Return what is kept of a whole resource.

    Raises:
        Refusal: A value is not what its attribute is.
    """
    kept: Document = {}
    for name, value in given.items():
        if extension := schema.extensions.get(name.lower()):
            inner = kept_of(extension, _mapping(name, value))
            if inner:
                kept[extension.urn] = inner
        elif attribute := schema.attribute(name):
            fitted = fitted_value(attribute, value)
            if fitted is not None:
                kept[attribute.name] = fitted
    return kept


def check_required(schema: Schema, kept: Mapping[str, JsonValue]) -> None:
    """Refuse a resource without what it must have."""
    for attribute in schema.attributes:
        if attribute.required and not kept.get(attribute.name):
            raise bad(f"{attribute.name} is missing.")


def fitted_value(attribute: Attribute, value: JsonValue) -> JsonValue:
    """Return a value as it is kept; ``None``: there is none.

    Raises:
        Refusal: It is not what the attribute is.
    """
    if not attribute.many:
        if isinstance(value, list):
            if len(value) > 1:
                raise bad(f"{attribute.name} has one value.")
            value = value[0] if value else None
        return _one(attribute, value)
    values = value if isinstance(value, list) else [value]
    most = MOST_MEMBERS if attribute.name == "members" else MOST
    if len(values) > most:
        raise bad(f"{attribute.name} has {most} values at most.")
    fitted: list[JsonValue] = [
        one for v in values if (one := _one(attribute, v)) is not None
    ]
    return distinct(fitted) or None


def distinct(values: list[JsonValue]) -> list[JsonValue]:
    """Return the values without repetitions; the primary one named last is it."""
    by_name = {_identity(value): value for value in values}
    primaries = [v for v in by_name.values() if _is_primary(v)]
    return [
        {**cast("Document", value), "primary": False}
        if _is_primary(value) and value is not primaries[-1]
        else value
        for value in by_name.values()
    ]


def is_known(schema: Schema, name: str) -> bool:
    """Return whether the standard has such an attribute, kept here or not."""
    return name.lower() in schema.dropped or name.lower() in _COMMON


def _one(attribute: Attribute, value: JsonValue) -> JsonValue:
    if value is None or value == "":
        return None
    if attribute.type == "boolean":
        return _truth(attribute, value)
    if attribute.type == "complex":
        return _parts(attribute, value)
    if isinstance(value, bool | dict | list):
        raise bad(f"{attribute.name} is text, not {value!r:.80}.")
    text = str(value)
    if len(text) > LONGEST or "\x00" in text:
        raise bad(f"{attribute.name} is longer than {LONGEST} characters, or no text.")
    return text


def _truth(attribute: Attribute, value: JsonValue) -> bool:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise bad(f"{attribute.name} is true or false, not {value!r:.80}.")
    return value


def _parts(attribute: Attribute, value: JsonValue) -> JsonValue:
    if isinstance(value, str) and attribute.sub("value"):
        value = {"value": value}
    parts: Document = {}
    for name, given in _mapping(attribute.name, value).items():
        sub = attribute.sub(name)
        if sub and sub.mutability != "readOnly":
            part = fitted_value(sub, given)
            if part is not None:
                parts[sub.name] = part
    return parts or None


def _mapping(name: str, value: JsonValue) -> Document:
    if not isinstance(value, dict):
        raise bad(f"{name} is an object, not {value!r:.80}.")
    return value


def _identity(value: JsonValue) -> tuple[object, ...]:
    if not isinstance(value, dict):
        return (str(value),)
    if "$ref" in value:  # a member is one person
        return (value.get("value"),)
    return tuple(_without_primary(value))


def _without_primary(value: Document) -> Iterator[tuple[str, str]]:
    for name in sorted(value):
        if name != "primary":
            yield name, str(value[name])


def _is_primary(value: JsonValue) -> bool:
    return isinstance(value, dict) and value.get("primary") is True
