"""Prices, windows, and when a limit is reached."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.company.limits import Allowance, Price, Purse, SpendingLimits
from bot.protocol.values import Usage

CHEAP = Price(input=1.0, output=2.0, cached=0.5)
DEAR = Price(input=10.0, output=20.0, cached=5.0)
LIMITS = SpendingLimits(prices={"cheap": CHEAP, "dear": DEAR})
MUCH = Usage(
    input_tokens=1_000_000, output_tokens=2_000_000, cache_read_tokens=4_000_000
)


def test_each_kind_of_token_has_its_price():
    assert LIMITS.cost_of({"cheap": MUCH}) == 1.0 + 4.0 + 2.0
    assert LIMITS.cost_of({"cheap": MUCH, "dear": MUCH}) == 7.0 + 70.0


def test_a_model_without_a_price_costs_as_much_as_the_dearest():
    assert LIMITS.cost_of({"new": MUCH}) == 70.0


def test_a_limit_of_money_needs_prices():
    with pytest.raises(ValidationError, match="no model has a price"):
        SpendingLimits(person=Purse(money=1.0))
    assert SpendingLimits(person=Purse(tokens=1)).prices == {}


@given(
    st.builds(
        Usage,
        input_tokens=st.integers(0, 10**7),
        output_tokens=st.integers(0, 10**7),
        cache_read_tokens=st.integers(0, 10**7),
    ),
    st.builds(Allowance, tokens=st.integers(0, 10**7), money=st.floats(0, 100)),
)
def test_a_limit_is_reached_when_nothing_is_left_of_it(
    usage: Usage, allowance: Allowance
):
    spent = LIMITS.cost_of({"cheap": usage})
    tokens_left = not allowance.tokens or usage.total < allowance.tokens
    money_left = not allowance.money or spent < allowance.money
    reached = LIMITS.is_reached(allowance, {"cheap": usage})
    assert reached == (not (tokens_left and money_left))


def test_a_day_and_a_month_begin_where_the_company_is():
    now = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    zone = timezone(timedelta(hours=1))
    assert Purse(per="day").since(now, UTC) == datetime(2026, 11, 30, tzinfo=UTC)
    assert Purse(per="day").since(now, zone) == datetime(2026, 12, 1, tzinfo=zone)
    assert Purse(per="month").since(now, UTC) == datetime(2026, 11, 1, tzinfo=UTC)
    assert Purse(per="month").since(now, zone) == datetime(2026, 12, 1, tzinfo=zone)
