"""What a person and a group are here, out of their resources; and back again. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from adapters.scim.documents import check_required
from adapters.scim.failures import Refusal, bad
from adapters.scim.filters import Term
from adapters.scim.schemas import ENTERPRISE, PERSON, TEAM
from bot.company.pushed import Said
from bot.ports.provisioning import (
    Document,
    Field,
    GroupPush,
    Kept,
    PersonPush,
    Where,
)

PEOPLE_FIELDS: Mapping[str, Field] = {
    "id": "id",
    "username": "user_name",
    "externalid": "external_id",
    "emails": "email",
    "emails.value": "email",
    "active": "active",
    "manager": "manager",
    f"{ENTERPRISE.lower()}:manager": "manager",
    f"{ENTERPRISE.lower()}:manager.value": "manager",
}
GROUP_FIELDS: Mapping[str, Field] = {
    "id": "id",
    "displayname": "name",
    "externalid": "external_id",
    "members": "member",
    "members.value": "member",
}

_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


# ------------------------------------------------------------------------- reading


def person_push(
    body: Document, paths: Iterable[str] = (), entra: str = ""
) -> PersonPush:
    """Return the person that a resource describes.

    Args:
        body: The resource.
        paths: Whole names of the attributes in which accounts are pushed.
        entra: In which of them object ids in Entra are; what is none is passed over.

    Raises:
        Refusal: Something that must be there is missing.
    """
    check_required(PERSON, body)
    extension = _mapping(body.get(ENTERPRISE))
    user_name = _text(body, "userName")
    said = Said(
        user_name=user_name,
        name=_name(body) or user_name,
        email=_email(body, user_name),
        external_id=_text(body, "externalId"),
        title=_text(body, "title"),
        department=_text(extension, "department"),
        employment=_text(body, "userType").lower(),
        manager=_text(_mapping(extension.get("manager")), "value"),
        # Who is not said to be active is not: a right is never guessed.
        active=body.get("active") is True,
        more={path: value for path in paths if (value := _account(body, path))},
    )
    object_id = said.at(entra)
    if _OBJECT_ID.fullmatch(object_id):
        said = said.model_copy(update={"entra": object_id.lower()})
    return PersonPush(body=body, said=said)


def group_push(body: Document) -> GroupPush:
    """Return the group that a resource describes.

    Raises:
        Refusal: Something that must be there is missing.
    """
    check_required(TEAM, body)
    members = cast("list[Document]", body.get("members") or [])
    for member in members:
        if str(member.get("type", "User")).lower() != "user":
            raise bad("A group consists of people; there are no groups in groups.")
    ids = [_text(member, "value") for member in members]
    if not all(ids):
        raise bad("A member is named by its value.")
    return GroupPush(
        body={name: value for name, value in body.items() if name != "members"},
        name=_text(body, "displayName").strip(),
        external_id=_text(body, "externalId"),
        members=tuple(dict.fromkeys(ids)),
    )


def _name(body: Document) -> str:
    parts = _mapping(body.get("name"))
    whole = _text(parts, "formatted")
    halves = f"{_text(parts, 'givenName')} {_text(parts, 'familyName')}".strip()
    return _text(body, "displayName") or whole or halves


def _email(body: Document, user_name: str) -> str:
    """Return the primary address, else the one at work, else any."""
    addresses = cast("list[Document]", body.get("emails") or [])
    addresses = [one for one in addresses if _text(one, "value")]
    addresses.sort(
        key=lambda one: (one.get("primary") is not True, one.get("type") != "work")
    )
    if addresses:
        return _text(addresses[0], "value")
    return user_name if _ADDRESS.fullmatch(user_name) else ""


def _text(box: Mapping[str, JsonValue], name: str) -> str:
    value = box.get(name)
    return value if isinstance(value, str) else ""


def _account(body: Document, path: str) -> str:
    """Return what stands in an extension's attribute; names have any case.

    Raises:
        Refusal: It would be taken out of a path, unseen.
    """
    urn, _, name = path.lower().rpartition(":")
    for extension, inner in body.items():
        for attribute, value in _mapping(inner).items():
            if (extension.lower(), attribute.lower()) == (urn, name):
                if value in {".", ".."}:
                    raise bad(f"{attribute} {value!r} names nobody.")
                return value if isinstance(value, str) else ""
    return ""


def _mapping(value: JsonValue) -> Document:
    return value if isinstance(value, dict) else {}


# ------------------------------------------------------------------------- looking


def where_of(terms: Sequence[Term], fields: Mapping[str, Field]) -> Where:
    """Return what to look for.

    Raises:
        Refusal: Nobody can look for that here.
    """
    found: list[tuple[Field, str]] = []
    for term in terms:
        value = term.value
        if value is None:
            # members[value eq "…"]: there must be one like that
            value = next((t.value for t in term.within if t.attribute == "value"), None)
        field = fields.get(_bare(term.attribute))
        if field is None or value is None:
            raise _not_searched(term)
        found.append((field, value))
    return found


def _bare(attribute: str) -> str:
    for schema in (PERSON, TEAM):
        attribute = attribute.removeprefix(f"{schema.urn.lower()}:")
    return attribute


def _not_searched(term: Term) -> Refusal:
    return bad(f"Nothing is looked for by {term.attribute}.", "invalidFilter")


# ------------------------------------------------------------------------- showing


def shown(kept: Kept, *, resource: str, urn: str, base: str) -> Document:
    """Return a resource as it is answered."""
    body = kept.body
    extensions = [name for name in body if name.startswith("urn:")]
    document: Document = {"schemas": [urn, *extensions], "id": kept.id, **body}
    if kept.members:
        document["members"] = [
            {
                "value": member,
                "$ref": f"{base}/Users/{member}",
                "type": "User",
            }
            for member in kept.members
        ]
    document["meta"] = {
        "resourceType": resource,
        "created": kept.created_at.isoformat(),
        "lastModified": kept.updated_at.isoformat(),
        "location": f"{base}/{resource}s/{kept.id}",
        "version": etag_of(kept),
    }
    return document


def etag_of(kept: Kept) -> str:
    """Return the version as HTTP writes it."""
    return f'W/"{kept.version}"'


def chosen(document: Document, only: Sequence[str], never: Sequence[str]) -> Document:
    """Return the attributes that a client asked for.

    Args:
        document: The whole resource.
        only: Names or paths; none: everything.
        never: Names or paths to leave out.
    """
    always = {"id", "schemas", "meta"}
    wanted = {_first(path) for path in only}
    unwanted = {_first(path) for path in never}
    return {
        name: value
        for name, value in document.items()
        if name in always
        or (name.lower() not in unwanted and (not wanted or name.lower() in wanted))
    }


def _first(path: str) -> str:
    """Return the attribute of a path, or its extension, in small letters."""
    path = _bare(path.strip().lower())
    if path.startswith(ENTERPRISE.lower()):
        return ENTERPRISE.lower()
    return path.split(".")[0]
