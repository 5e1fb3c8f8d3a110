"""Whether a reader of one JSON schema takes everything that another one describes.

Only what this project's readers look at is compared: which fields there must be, their
types, and which values a closed set has. Fields that the reader does not know are
ignored by it, and so are they here.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Schemas are JSON.

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """A writer's schema beside a reader's."""

    written: Schema
    read: Schema

    def misfits(self, where: str = "") -> list[str]:
        """Return every place where the writer's value may not be readable."""
        return sorted(set(self._misfits(self.written, self.read, where)))

    def _misfits(self, written: Schema, read: Schema, where: str) -> Iterator[str]:
        written, read = _found(written, self.written), _found(read, self.read)
        many, several = _alternatives(written), _alternatives(read)
        if len(many) > 1 or len(several) > 1:
            yield from self._of_alternatives(many, several, where)
            return
        if not _values(written) <= _values(read) or (
            _values(read) and not _values(written)
        ):
            yield f"{where}: {sorted(map(str, _values(written) - _values(read)))}"
        if {written.get("type"), read.get("type")} == {"integer", "number"}:
            return
        if "type" in read and written.get("type") != read["type"]:
            yield f"{where}: {written.get('type')} for {read['type']}"
            return
        yield from self._of_parts(written, read, where)

    def _of_alternatives(
        self, written: list[Schema], read: list[Schema], where: str
    ) -> Iterator[str]:
        for one in written:
            name = _name_of(_found(one, self.written))
            named = [r for r in read if name and _name_of(_found(r, self.read)) == name]
            tried = [list(self._misfits(one, r, name or where)) for r in named or read]
            if named:
                yield from tried[0]
            elif name and any(_name_of(_found(r, self.read)) for r in read):
                yield f"{where}: {name} is unknown"
            elif all(tried):
                yield from tried[0]

    def _of_parts(self, written: Schema, read: Schema, where: str) -> Iterator[str]:
        there = written.get("properties", {})
        for name, field in read.get("properties", {}).items():
            if name in there:
                yield from self._misfits(there[name], field, f"{where}.{name}")
            elif name in read.get("required", ()):
                yield f"{where}.{name} is missing"
        for part in ("items", "additionalProperties"):
            mine, theirs = written.get(part), read.get(part)
            if isinstance(mine, dict) and isinstance(theirs, dict):
                yield from self._misfits(mine, theirs, f"{where}[]")


def _found(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _alternatives(schema: Schema) -> list[Schema]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _values(schema: Schema) -> set[Any]:
    return {schema["const"]} if "const" in schema else set(schema.get("enum", ()))


def _name_of(schema: Schema) -> str:
    """Return the ``type`` that tells an event from others."""
    return schema.get("properties", {}).get("type", {}).get("const", "")
