"""Changes to a resource, operation by operation. Pure.

What Okta and Entra send is understood: operations in capitals, values without a path
whose names are paths themselves, a filter that nothing fits yet (then there is such a
value from now on), members to remove named by the value. All operations of a request
are made, or none. Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from pydantic import JsonValue

from adapters.scim.documents import distinct, fitted_value, is_known
from adapters.scim.failures import Refusal, bad
from adapters.scim.filters import Term, fits, terms_of
from adapters.scim.schemas import Attribute, Schema
from bot.ports.provisioning import Document

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST = 500
"""Operations of one request."""

Act: TypeAlias = Literal["add", "replace", "remove"]

_PATH = re.compile(
    r"(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>[\w$-]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a path leads to."""

    urn: str
    """Of the extension; empty: the resource itself."""
    attribute: Attribute
    within: tuple[Term, ...] = ()
    sub: Attribute | None = None


def patched(schema: Schema, before: Document, request: Document) -> Document:
    """Return ``before`` as the operations of a PATCH request make it.

    Raises:
        Refusal: An operation cannot be understood, or made.
    """
    body = deepcopy(before)
    for operation in _operations(request):
        named = {name.lower(): value for name, value in operation.items()}
        act, path, value = _act(named.get("op")), named.get("path"), named.get("value")
        if path is None or path == "":
            _without_path(schema, body, act, value)
        elif isinstance(path, str):
            _apply(schema, body, act, path, value)
        else:
            raise bad("path is text.", "invalidPath")
    return body


def _operations(request: Document) -> Sequence[Document]:
    named = {name.lower(): value for name, value in request.items()}
    given = named.get("operations")
    if not isinstance(given, list) or not given or len(given) > MOST:
        raise bad(f"Operations is a list of 1 to {MOST}.", "invalidSyntax")
    operations = [one for one in given if isinstance(one, dict)]
    if len(operations) != len(given):
        raise bad("An operation is an object.", "invalidSyntax")
    return operations


def _act(op: JsonValue) -> Act:
    act = op.lower() if isinstance(op, str) else ""
    if act not in {"add", "replace", "remove"}:
        raise bad(f"op is add, replace or remove, not {op!r:.40}.", "invalidSyntax")
    return cast("Act", act)


def _without_path(schema: Schema, body: Document, act: Act, value: JsonValue) -> None:
    if act == "remove":
        raise bad("What is to be removed needs a path.", "noTarget")
    if not isinstance(value, dict):
        raise bad("Without a path, the value is an object.")
    for name, given in value.items():
        _apply(schema, body, act, name, given)


def _apply(
    schema: Schema, body: Document, act: Act, path: str, value: JsonValue
) -> None:
    extension = schema.extensions.get(path.lower())
    if extension:
        _whole_extension(schema, extension, body, act, value)
        return
    target = _target(schema, path)
    if target is None:
        return
    if target.attribute.mutability == "readOnly":
        raise bad(f"{target.attribute.name} is not for clients.", "mutability")
    box = cast("Document", body.setdefault(target.urn, {})) if target.urn else body
    if target.attribute.many:
        _several(box, act, target, value)
    else:
        _single(box, act, target, value)
    if target.urn and not box:
        del body[target.urn]


def _whole_extension(
    schema: Schema, extension: Schema, body: Document, act: Act, value: JsonValue
) -> None:
    if act == "remove":
        body.pop(extension.urn, None)
        return
    if not isinstance(value, dict):
        raise bad("The value of an extension is an object.")
    if act == "replace":
        body.pop(extension.urn, None)
    for name, given in value.items():
        _apply(schema, body, act, f"{extension.urn}:{name}", given)


def _target(schema: Schema, path: str) -> _Target | None:
    """Return what ``path`` leads to; ``None``: to what is taken and not kept."""
    urn, inner, rest = "", schema, path
    for one in (schema, *schema.extensions.values()):
        if path.lower().startswith(f"{one.urn.lower()}:"):
            urn = "" if one is schema else one.urn
            inner, rest = one, path[len(one.urn) + 1 :]
    match = _PATH.fullmatch(rest)
    if match is None:
        raise _no_path(path)
    attribute = inner.attribute(match["name"])
    if attribute is None:
        if is_known(inner, match["name"]):
            return None
        raise _no_path(path)
    sub = attribute.sub(match["sub"]) if match["sub"] else None
    if match["sub"] and sub is None:
        if attribute.type == "complex":
            return None
        raise _no_path(path)
    within = terms_of(match["filter"]) if match["filter"] is not None else ()
    if within and not attribute.many:
        raise _no_path(path)
    return _Target(urn=urn, attribute=attribute, within=within, sub=sub)


def _no_path(path: str) -> Refusal:
    return bad(f"There is no {path[:200]!r}.", "invalidPath")


# ----------------------------------------------------------------------- one value


def _single(box: Document, act: Act, target: _Target, value: JsonValue) -> None:
    name = target.attribute.name
    if target.sub:
        parts = cast("Document", box.get(name) or {})
        fitted = None if act == "remove" else fitted_value(target.sub, value)
        _put(parts, target.sub.name, fitted)
        _put(box, name, parts or None)
        return
    fitted = None if act == "remove" else fitted_value(target.attribute, value)
    if isinstance(fitted, dict):
        fitted = {**cast("Document", box.get(name) or {}), **fitted}
    _put(box, name, fitted)


def _put(box: Document, name: str, value: JsonValue) -> None:
    if value is None:
        box.pop(name, None)
    else:
        box[name] = value


# ------------------------------------------------------------------ several values


def _several(box: Document, act: Act, target: _Target, value: JsonValue) -> None:
    name = target.attribute.name
    values = cast("list[Document]", box.get(name) or [])
    if act == "remove":
        after = _fewer(values, target, value)
    elif target.within or target.sub:
        after = _altered(values, act, target, value)
    else:
        given = fitted_value(target.attribute, value) or []
        after = [*(values if act == "add" else []), *cast("list[Document]", given)]
    _put(box, name, distinct(cast("list[JsonValue]", after)) or None)


def _fewer(values: list[Document], target: _Target, value: JsonValue) -> list[Document]:
    if value is not None and not target.within and not target.sub:
        named = fitted_value(target.attribute, value)
        gone = {_value_of(one) for one in cast("list[Document]", named or [])}
        return [one for one in values if _value_of(one) not in gone]
    kept: list[Document] = []
    for one in values:
        if not fits(target.within, one):
            kept.append(one)
        elif target.sub:
            left = {k: v for k, v in one.items() if k != target.sub.name}
            kept += [left] if left else []
    return kept


def _altered(
    values: list[Document], act: Act, target: _Target, value: JsonValue
) -> list[Document]:
    new = _new_parts(target, value)
    if not any(fits(target.within, one) for one in values):
        # There is no such value yet: from now on there is.
        made: Document = {}
        for term in target.within:
            sub = target.attribute.sub(term.attribute)
            if sub and term.value is not None:
                _put(made, sub.name, fitted_value(sub, term.value))
        return [*values, {**made, **new}] if new else values
    whole = act == "replace" and not target.sub
    return [
        one if not fits(target.within, one) else (new if whole else {**one, **new})
        for one in values
    ]


def _new_parts(target: _Target, value: JsonValue) -> Document:
    if target.sub:
        fitted = fitted_value(target.sub, value)
        return {} if fitted is None else {target.sub.name: fitted}
    given = fitted_value(target.attribute, value)
    values = cast("list[Document]", given or [])
    if len(values) != 1:
        raise bad(f"One value of {target.attribute.name} is changed by one value.")
    return values[0]


def _value_of(one: Document) -> str:
    return str(one.get("value", "")).lower()
