"""One Web API call: its arguments, however they were sent, and how it is refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from adapters.simulator.slack.people import Json


class RefusedError(Exception):
    """The call is answered ``ok: false``."""

    def __init__(
        self, error: str, *, messages: Sequence[str] = (), **more: object
    ) -> None:
        super().__init__(error)
        self.error = error
        """Slack's code, such as ``channel_not_found``."""
        self.messages = tuple(messages)
        """What is wrong in detail, with JSON pointers."""
        self.more = more
        """Further keys of the answer."""

    def answer(self) -> Json:
        """Return the body of the answer."""
        body: Json = {"ok": False, "error": self.error, **self.more}
        if self.messages:
            body["errors"] = list(self.messages)
            body["response_metadata"] = {
                "messages": [f"[ERROR] {message}" for message in self.messages]
            }
        return body


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call. ``None`` and absent are the same."""

    method: str
    args: Mapping[str, Any]

    def has(self, name: str) -> bool:
        """Return whether the argument was sent."""
        return self.args.get(name) is not None

    def text(self, name: str) -> str:
        """Return a required argument.

        Raises:
            RefusedError: It was not sent.
        """
        if not self.has(name) or self.args[name] == "":
            raise RefusedError(
                "invalid_arguments", messages=[f"missing required field: {name}"]
            )
        return str(self.args[name])

    def optional(self, name: str, default: str = "") -> str:
        """Return an argument, or ``default``."""
        return str(self.args[name]) if self.has(name) else default

    def flag(self, name: str) -> bool:
        """Return whether the argument was sent and is true."""
        return str(self.args.get(name)).lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return a whole number.

        Raises:
            RefusedError: It is not one.
        """
        try:
            return int(self.args[name]) if self.has(name) else default
        except (TypeError, ValueError):
            raise RefusedError(
                "invalid_arguments",
                messages=[f"must be an integer [json-pointer:/{name}]"],
            ) from None

    def json_list(self, name: str, *, error: str) -> list[Json] | None:
        """Return a list of JSON objects, sent as such or as a string.

        Raises:
            RefusedError: It is something else; the code is ``error``.
        """
        value = self._parsed(name, error)
        if value is None:
            return None
        if not isinstance(value, list):
            raise RefusedError(error)
        items = cast("list[Any]", value)
        if not all(isinstance(item, dict) for item in items):
            raise RefusedError(error)
        return items

    def json_object(self, name: str, *, error: str) -> Json | None:
        """Return a JSON object, sent as such or as a string.

        Raises:
            RefusedError: It is something else; the code is ``error``.
        """
        value = self._parsed(name, error)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise RefusedError(error)
        return cast("Json", value)

    def _parsed(self, name: str, error: str) -> object:
        value = self.args.get(name)
        if not isinstance(value, str):
            return cast("object", value)
        try:
            return cast("object", json.loads(value)) if value else None
        except json.JSONDecodeError:
            raise RefusedError(error) from None
