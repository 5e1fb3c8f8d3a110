"""What is refused, in SCIM's words.

Source: https://www.rfc-editor.org/rfc/rfc7644#section-3.12
"""

from typing import Literal, TypeAlias

from bot.ports.provisioning import Document

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

Why: TypeAlias = Literal[
    "",
    "invalidFilter",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
]


class Refusal(Exception):  # noqa: N818 - an expected outcome with a name, not an error
    """A request that is answered with an error; nothing was changed."""

    def __init__(self, status: int, detail: str, why: Why = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.why = why

    def body(self) -> Document:
        """Return what is answered."""
        body: Document = {
            "schemas": [ERROR],
            "status": str(self.status),
            "detail": self.detail,
        }
        return body | {"scimType": self.why} if self.why else body


def bad(detail: str, why: Why = "invalidValue") -> Refusal:
    """Return the refusal of what cannot be understood or kept."""
    return Refusal(400, detail, why)
