"""What may be spent on language models: per request, per person, by the company.

Tokens are counted as the models report them. Money is what the company's own prices
make of them: a model that has none costs as much as the dearest that has. Hand-offs are
bounded here too: they are how one request comes to use much.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Literal, Self, TypeAlias

from pydantic import Field, model_validator

from bot.company.entries import Entry
from bot.protocol.values import Usage

Window: TypeAlias = Literal["day", "month"]
_MILLION = 1_000_000


class Price(Entry):
    """What a million tokens of a model cost."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float = Field(default=0.0, ge=0)
    """Of input that was read from the cache."""

    def of(self, usage: Usage) -> float:
        """Return what ``usage`` costs."""
        parts = (
            self.input * usage.input_tokens,
            self.output * usage.output_tokens,
            self.cached * usage.cache_read_tokens,
        )
        return sum(parts) / _MILLION


class Allowance(Entry):
    """How much may be used; 0: no limit."""

    tokens: int = Field(default=0, ge=0)
    money: float = Field(default=0.0, ge=0)


class Purse(Allowance):
    """How much may be used in a day or a month of the company's time zone."""

    per: Window = "day"

    def since(self, now: datetime, zone: tzinfo) -> datetime:
        """Return when the current day or month began."""
        local = now.astimezone(zone)
        first = 1 if self.per == "month" else local.day
        return local.replace(day=first, hour=0, minute=0, second=0, microsecond=0)


class HandOffs(Entry):
    """How far one request may be handed from agent to agent."""

    depth: int = Field(default=3, ge=1)
    """How often it may be handed on: by the coordinator, by whom it was handed to …"""
    frames: int = Field(default=12, ge=1)
    """How many tasks agents may work on in one request, the coordinator's among them."""


class SpendingLimits(Entry):
    """All of them. Without a limit nothing is bounded, and all is counted."""

    turn: Allowance | None = None
    person: Purse | None = None
    company: Purse | None = None
    prices: dict[str, Price] = Field(default_factory=dict)
    """By model."""
    hand_offs: HandOffs = HandOffs()

    @model_validator(mode="after")
    def _money_has_prices(self) -> Self:
        given = [a for a in (self.turn, self.person, self.company) if a and a.money]
        if given and not self.prices:
            raise ValueError(
                "limits: money is limited and no model has a price; "
                'write them under [limits.prices."MODEL"]'
            )
        return self

    def is_reached(self, allowance: Allowance, used: Mapping[str, Usage]) -> bool:
        """Return whether nothing is left of ``allowance``.

        Args:
            allowance: One of these limits.
            used: What was used, by model.
        """
        tokens = sum(usage.total for usage in used.values())
        if 0 < allowance.tokens <= tokens:
            return True
        return 0 < allowance.money <= self.cost_of(used)

    def cost_of(self, used: Mapping[str, Usage]) -> float:
        """Return what was spent."""
        return sum(self._price_of(model, usage) for model, usage in used.items())

    def _price_of(self, model: str, usage: Usage) -> float:
        known = self.prices.get(model)
        prices = [known] if known else self.prices.values()
        return max((price.of(usage) for price in prices), default=0.0)
