"""What a wrong setting or company file must not do: tell secrets, or mix people up."""

import pytest
from pydantic import ValidationError

from bot.company.model import Company
from bot.errors import ConfigError
from bot.settings import load_settings


@pytest.mark.parametrize("sign", ["/", "#", "?", "["])
def test_a_database_url_that_cannot_be_read_is_named_and_not_shown(sign: str) -> None:
    url = f"postgresql://deskhand:hunter{sign}2@db.example:5432/deskhand"
    with pytest.raises(ConfigError, match="DATABASE_URL is not a Postgres URL") as told:
        load_settings({"DATABASE_URL": url})
    assert "hunter" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://deskhand:hunter%2F2@db.example:5432/deskhand",
        "postgres://db.example/deskhand?sslmode=verify-full",
        "postgresql+asyncpg://postgres@/deskhand?host=%2Ftmp%2Fdata&port=5432",
        "postgresql://u:p@a.example:5432,b.example:5433/deskhand",
        "postgresql://u@[::1]:5432/deskhand",
    ],
)
def test_a_database_url_of_any_form_is_taken(url: str) -> None:
    assert load_settings({"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("name", ["slack", "entra"])
def test_one_account_cannot_be_two_people(name: str) -> None:
    people = [
        {"id": one, "name": one, "email": f"{one}@x.example", name: "U1"}
        for one in ("ann", "bob")
    ]
    with pytest.raises(ValidationError, match=f"{name} id 'U1' is given to two people"):
        Company.model_validate({"company": {"name": "X"}, "people": people})


def test_people_without_an_account_may_be_many() -> None:
    people = [
        {"id": one, "name": one, "email": f"{one}@x.example"} for one in ("ann", "bob")
    ]
    assert Company.model_validate({"company": {"name": "X"}, "people": people})
