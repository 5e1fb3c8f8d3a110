"""What this server can do, as SCIM clients ask for it. Pure."""

from collections.abc import Sequence

from pydantic import JsonValue

from adapters.scim.schemas import GROUP, PERSON, TEAM, USER, Schema
from bot.ports.provisioning import Document

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST_FOUND = 200
"""Resources in one answer."""

_PREFIX = "urn:ietf:params:scim:schemas:core:2.0"


def service(base: str) -> Document:
    """Return the configuration."""
    no: Document = {"supported": False}
    return {
        "schemas": [f"{_PREFIX}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_FOUND},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token that the bot was started with.",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    }


def resource_types(base: str, person: Schema = PERSON) -> list[Document]:
    """Return the kinds of resources."""
    extensions = [one.urn for one in person.extensions.values()]
    return [
        _resource_type(base, "User", USER, "A person.", extensions),
        _resource_type(base, "Group", GROUP, "A group.", []),
    ]


def schemas(base: str, person: Schema = PERSON) -> list[Document]:
    """Return the schemas of the resources."""
    every = (person, *person.extensions.values(), TEAM)
    return [schema.described(base) for schema in every]


def listed(resources: Sequence[Document], *, total: int, start: int) -> Document:
    """Return a list as it is answered."""
    found: list[JsonValue] = [*resources]
    return {
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(found),
        "Resources": found,
    }


def _resource_type(
    base: str, name: str, urn: str, says: str, extensions: Sequence[str]
) -> Document:
    document: Document = {
        "schemas": [f"{_PREFIX}:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "description": says,
        "schema": urn,
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{base}/ResourceTypes/{name}",
        },
    }
    if extensions:
        document["schemaExtensions"] = [
            {"schema": extension, "required": False} for extension in extensions
        ]
    return document
