"""A result without the secrets that a tool may have found. Pure."""

from dataclasses import replace
from typing import TypeVar, cast

from pydantic import BaseModel, JsonValue

from bot.ports.agent import ToolResult
from bot.redaction import redacted, redacted_json

M = TypeVar("M", bound=BaseModel)


def without_secrets(result: ToolResult) -> ToolResult:
    """Return ``result`` as it may be kept, shown and given to a model."""
    return replace(
        result,
        title=redacted(result.title),
        content=redacted_json(result.content),
        cards=tuple(map(_clean, result.cards)),
        sources=tuple(map(_clean, result.sources)),
        reference=redacted(result.reference),
    )


def _clean(model: M) -> M:
    written = cast("JsonValue", model.model_dump(mode="json"))
    return type(model).model_validate(redacted_json(written))
