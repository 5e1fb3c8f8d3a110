"""The attributes that are kept of people and groups, and how they are described.

Everything else of SCIM is taken and dropped: what the bot has no use for it does not
keep. Source: https://www.rfc-editor.org/rfc/rfc7643
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from pydantic import JsonValue

from bot.ports.provisioning import Document

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Type: TypeAlias = Literal["string", "boolean", "complex", "reference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute."""

    name: str
    says: str
    type: Type = "string"
    many: bool = False
    required: bool = False
    unique: bool = False
    case_exact: bool = False
    mutability: Literal["readWrite", "readOnly", "immutable"] = "readWrite"
    subs: tuple["Attribute", ...] = ()
    types: tuple[str, ...] = ()
    """What a reference may lead to."""
    usual: tuple[str, ...] = ()
    """Values that are usual."""

    def sub(self, name: str) -> "Attribute | None":
        """Return the sub-attribute with this name, in whatever case."""
        return _named(self.subs, name)

    def described(self) -> Document:
        """Return the attribute as ``/Schemas`` shows it."""
        shown: Document = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.many,
            "description": self.says,
            "required": self.required,
            "mutability": self.mutability,
            "returned": "default",
        }
        if self.type in {"string", "reference"}:
            shown["caseExact"] = self.case_exact
            shown["uniqueness"] = "server" if self.unique else "none"
        if self.types:
            shown["referenceTypes"] = [*self.types]
        if self.usual:
            shown["canonicalValues"] = [*self.usual]
        if self.subs:
            shown["subAttributes"] = [sub.described() for sub in self.subs]
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A resource, or an extension of one."""

    urn: str
    name: str
    says: str
    attributes: tuple[Attribute, ...]
    dropped: frozenset[str] = frozenset()
    """Attributes of the standard, in small letters, that are taken and not kept."""
    extensions: Mapping[str, "Schema"] = field(default_factory=dict[str, "Schema"])

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute with this name, in whatever case."""
        return _named(self.attributes, name)

    def described(self, base: str) -> Document:
        """Return the schema as ``/Schemas`` shows it."""
        attributes: list[JsonValue] = [
            one.described() for one in self.attributes if one.name != "externalId"
        ]
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.urn,
            "name": self.name,
            "description": self.says,
            "attributes": attributes,
            "meta": {
                "resourceType": "Schema",
                "location": f"{base}/Schemas/{self.urn}",
            },
        }


def with_accounts(person: Schema, paths: Iterable[str]) -> Schema:
    """Return a person's schema with the extensions in which accounts are pushed.

    Args:
        person: The schema.
        paths: Whole names of attributes; those that every person has change nothing.
    """
    extensions = dict(person.extensions)
    for path in paths:
        urn, _, name = path.rpartition(":")
        if not urn:
            continue
        known = extensions.get(urn.lower()) or Schema(
            urn=urn, name=urn, says="Accounts elsewhere.", attributes=()
        )
        if known.attribute(name) is None:
            account = Attribute(
                name=name, says="The account in a system.", case_exact=True
            )
            known = replace(known, attributes=(*known.attributes, account))
        extensions[urn.lower()] = known
    return replace(person, extensions=extensions)


def _named(attributes: tuple[Attribute, ...], name: str) -> Attribute | None:
    small = name.lower()
    return next((one for one in attributes if one.name.lower() == small), None)


_EXTERNAL_ID = Attribute(
    name="externalId", says="The identity provider's own id.", case_exact=True
)

_ENTERPRISE = Schema(
    urn=ENTERPRISE,
    name="EnterpriseUser",
    says="Where a person works, and for whom.",
    attributes=(
        Attribute(name="employeeNumber", says="The number on the payroll."),
        Attribute(name="department", says="The department; policies can ask for it."),
        Attribute(
            name="manager",
            says="Who decides where a policy says `manager`.",
            type="complex",
            subs=(
                Attribute(
                    name="value",
                    says="The manager's id here; an external id, a user name or an "
                    "e-mail is understood, too.",
                ),
            ),
        ),
    ),
    dropped=frozenset({"costcenter", "organization", "division"}),
)

PERSON = Schema(
    urn=USER,
    name="User",
    says="A person who works here.",
    attributes=(
        Attribute(
            name="userName",
            says="The name to sign in with; an e-mail where there is no other.",
            required=True,
            unique=True,
        ),
        _EXTERNAL_ID,
        Attribute(
            name="name",
            says="The name and its parts.",
            type="complex",
            subs=(
                Attribute(name="formatted", says="The whole name."),
                Attribute(name="familyName", says="The family's name."),
                Attribute(name="givenName", says="The given name."),
            ),
        ),
        Attribute(name="displayName", says="The name that people are shown."),
        Attribute(name="title", says="What they are, such as Engineer."),
        Attribute(
            name="userType", says="`employee`, `contractor`; policies can ask for it."
        ),
        Attribute(
            name="active",
            says="Whether they may ask and decide.",
            type="boolean",
        ),
        Attribute(
            name="emails",
            says="Addresses; the primary one, or the one at work, tells who they are "
            "in Slack and Teams.",
            type="complex",
            many=True,
            subs=(
                Attribute(name="value", says="The address."),
                Attribute(name="type", says="Which.", usual=("work", "home", "other")),
                Attribute(name="primary", says="The main one.", type="boolean"),
            ),
        ),
    ),
    dropped=frozenset(
        {
            "nickname",
            "profileurl",
            "preferredlanguage",
            "locale",
            "timezone",
            "password",
            "phonenumbers",
            "ims",
            "photos",
            "addresses",
            "groups",
            "entitlements",
            "roles",
            "x509certificates",
        }
    ),
    extensions={ENTERPRISE.lower(): _ENTERPRISE},
)

TEAM = Schema(
    urn=GROUP,
    name="Group",
    says="People who decide together, where a policy says `group:NAME`.",
    attributes=(
        Attribute(
            name="displayName",
            says="The group's NAME in policies.",
            required=True,
            unique=True,
        ),
        _EXTERNAL_ID,
        Attribute(
            name="members",
            says="Who is in it; people only.",
            type="complex",
            many=True,
            subs=(
                Attribute(
                    name="value", says="The person's id.", mutability="immutable"
                ),
                Attribute(
                    name="$ref",
                    says="Where the person is.",
                    type="reference",
                    types=("User",),
                    mutability="immutable",
                ),
                Attribute(
                    name="type",
                    says="What it is.",
                    usual=("User",),
                    mutability="immutable",
                ),
            ),
        ),
    ),
)
