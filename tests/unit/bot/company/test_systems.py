"""What a company file may say of systems, and what it is told of the rest."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from bot.company.model import Company

FILE = """
company = { name = "X" }
people = [{ id = "a", name = "A", email = "a@x.test", accounts = { hub = "aa" } }]
systems.hub = { kind = "github", org = "x", token_env = "T" }
[[resources]]
id = "r"
kind = "repository"
name = "R"
owner = "a"
grants = ["read", "write"]
specialist = "software"
system = "hub"
targets = { read = "readers", write = "writers" }
"""


def read(file: str) -> dict[str, Any]:
    return tomllib.loads(file)


def test_a_file_with_a_system_is_understood() -> None:
    company = Company.model_validate(read(FILE))
    assert company.systems["hub"].shown == "GitHub"


def test_what_a_system_gives_may_end_and_be_counted() -> None:
    more = 'system = "hub"\nlongest = "4h"\nseats = 4'
    company = Company.model_validate(read(FILE.replace('system = "hub"', more)))
    assert company.resources[0].longest == 4 * 3600
    assert company.resources[0].seats == 4


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("accounts = { hub", "accounts = { lab", "a: accounts name the system 'lab'"),
        ('system = "hub"', 'system = "lab"', "there is no system 'lab'"),
        (', write = "writers"', "", "targets must name one for each grant"),
        ('system = "hub"', "", "targets must name one for each grant"),
        ('"writers"', '""', "targets must name one for each grant"),
        ('org = "x", ', "", "github needs org"),
        ('"github", org = "x"', '"okta"', "okta needs url"),
        ('org = "x"', 'org = "x", url = "http://hub.x"', "only sent over https"),
        ('org = "x"', 'org = "x", url = "https://me:pw@hub.x"', "use token_env"),
        ('org = "x"', 'org = "x", url = "hub.x"', "no address of a web server"),
        ('org = "x"', 'org = ".."', "'..' names nobody and nothing"),
        ('org = "x"', 'org = "x", tenant = ".."', "'..' names nobody and nothing"),
        ('hub = "aa"', 'hub = "."', "'.' names nobody and nothing"),
        ('"writers"', '".."', "'..' names nobody and nothing"),
        ('org = "x"', 'org = "x", scim = "login"', "is not where an account stands"),
        (
            'org = "x"',
            'org = "x", scim = "urn:ietf:params:scim:schemas:core:2.0:User:title"',
            "is not where an account stands",
        ),
    ],
)
def test_what_cannot_be_done_is_said(before: str, after: str, problem: str) -> None:
    assert FILE.count(before) == 1
    with pytest.raises(ValidationError) as told:
        Company.model_validate(read(FILE.replace(before, after)))
    assert problem in str(told.value)
