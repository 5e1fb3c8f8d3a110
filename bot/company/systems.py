"""Systems in the company file: where access is given and tickets go, and how to get there."""

from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bot.company.entries import Entry

SystemName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,23}$")
]


def _segment(name: str) -> str:
    """Return a name that stands in the path of an address.

    Raises:
        ValueError: It would be taken for the folder itself, or the one above.
    """
    if name in {".", ".."}:
        raise ValueError(f"{name!r} names nobody and nothing in a system")
    return name


Segment: TypeAlias = Annotated[str, AfterValidator(_segment)]
"""A name in a system, which becomes one segment of a path there."""

USERS = "urn:ietf:params:scim:schemas:core:2.0:User"


def _attribute(path: str) -> str:
    """Return where a pushed person's account stands, as SCIM writes it.

    Raises:
        ValueError: It is neither of the two ids, nor an extension's attribute.
    """
    known = path in {"", "externalId", "userName"}
    urn, _, name = path.rpartition(":")
    extension = urn.casefold().startswith("urn:") and name.isidentifier()
    if not known and (not extension or urn.casefold() == USERS.casefold()):
        raise ValueError(
            f"{path!r} is not where an account stands; write externalId, userName or an "
            "extension's attribute, as urn:ietf:params:scim:schemas:extension:x:2.0:User:login"
        )
    return path


ScimPath: TypeAlias = Annotated[str, AfterValidator(_attribute)]
"""An attribute of a person, as SCIM names it."""

SystemKind: TypeAlias = Literal["github", "okta", "entra", "jira", "servicenow"]

_LOCAL = {"127.0.0.1", "::1", "localhost"}
_SHOWN: dict[SystemKind, str] = {
    "github": "GitHub",
    "okta": "Okta",
    "entra": "Entra",
    "jira": "Jira",
    "servicenow": "ServiceNow",
}
_NEEDS: dict[SystemKind, tuple[str, ...]] = {
    "github": ("org",),
    "okta": ("url",),
    "entra": ("tenant", "client_id"),
    "jira": ("url",),
    "servicenow": ("url",),
}
_TICKETS: set[SystemKind] = {"jira", "servicenow"}
_USUAL: dict[SystemKind, str] = {
    "github": "https://api.github.com",
    "entra": "https://graph.microsoft.com/v1.0",
}


class System(Entry):
    """One system."""

    kind: SystemKind
    url: str = ""
    """Of its API; empty: the usual one of its kind."""
    token_env: str = Field(min_length=1)
    """Name of the environment variable with the token."""
    org: Segment = ""
    """GitHub: the organisation."""
    tenant: Segment = ""
    """Entra: the tenant's id."""
    client_id: str = ""
    """Entra: the application's id."""
    login_url: str = ""
    """Entra: where to sign in; empty: the usual place."""
    scim: ScimPath = ""
    """In which attribute an identity provider pushes people's accounts; empty: in none."""
    user: str = ""
    """Jira, ServiceNow: whose token it is; empty: the token is sent as a bearer's."""
    portal: str = ""
    """ServiceNow: where people see their tickets; empty: ``/sp`` at ``url``."""

    @property
    def has_tickets(self) -> bool:
        """Whether it is for tickets; else it gives access."""
        return self.kind in _TICKETS

    @property
    def shown(self) -> str:
        """How people call it."""
        return _SHOWN[self.kind]

    @property
    def address(self) -> str:
        """Where its API is, without a slash at the end."""
        return (self.url or _USUAL.get(self.kind, "")).rstrip("/")

    @property
    def login_address(self) -> str:
        """Where to sign in, without a slash at the end."""
        return (self.login_url or "https://login.microsoftonline.com").rstrip("/")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if missing := [key for key in _NEEDS[self.kind] if not getattr(self, key)]:
            raise ValueError(f"{self.kind} needs {', '.join(missing)}")
        for address in (self.address, self.login_address, self.portal or self.address):
            where = urlsplit(address)
            if where.scheme not in {"http", "https"} or not where.hostname:
                raise ValueError(f"url = {address!r} is no address of a web server")
            if where.username or where.password:
                raise ValueError("a secret stands in the url; use token_env")
            if where.scheme == "http" and where.hostname not in _LOCAL:
                raise ValueError("a token is only sent over https; change the url")
        return self
