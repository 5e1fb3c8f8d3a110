"""What a company file may say of tickets, and what it is told of the rest."""

import tomllib

import pytest
from pydantic import ValidationError

from bot.company.model import Company
from bot.company.tickets import TicketQueue

JIRA = """
company = { name = "X" }
people = [{ id = "a", name = "A", email = "a@x.test", accounts = { desk = "aa" } }]
systems.hub = { kind = "github", org = "x", token_env = "T" }
systems.desk = { kind = "jira", url = "https://x.test", token_env = "T" }
[tickets]
system = "desk"
[tickets.queues]
helpdesk = { service_desk = "1", request_type = "2" }
security = { service_desk = "1", request_type = "3" }
[[resources]]
id = "r"
kind = "repository"
name = "R"
owner = "a"
grants = ["read"]
specialist = "software"
system = "hub"
targets = { read = "readers" }
"""
NOW = """
company = { name = "X" }
people = [{ id = "a", name = "A", email = "a@x.test" }]
systems.desk = { kind = "servicenow", url = "https://x.test", token_env = "T" }
[tickets]
system = "desk"
queues = { helpdesk = {}, security = { group = "g" } }
"""


def test_a_queue_of_nobodys_goes_to_the_helpdesk() -> None:
    tickets = Company.model_validate(tomllib.loads(JIRA)).tickets
    assert tickets.queue("security").request_type == "3"
    assert tickets.queue("hardware") == tickets.queue("helpdesk")
    assert tickets.queue("helpdesk").request_type == "2"


def test_without_a_system_tickets_are_in_our_records_alone() -> None:
    file = 'company = { name = "X" }\npeople = [{ id = "a", name = "A", email = "" }]'
    tickets = Company.model_validate(tomllib.loads(file)).tickets
    assert not tickets.system and tickets.queue("helpdesk") == TicketQueue()


@pytest.mark.parametrize(
    ("file", "before", "after", "problem"),
    [
        (JIRA, 'system = "desk"', 'system = "lab"', "there is no system 'lab'"),
        (JIRA, 'system = "desk"', 'system = "hub"', "GitHub has no tickets ('hub')"),
        (JIRA, 'system = "desk"', "", "queues need a system"),
        (JIRA, 'system = "desk"', "", "Jira is for tickets, and [tickets] does not"),
        (JIRA, 'system = "hub"', 'system = "desk"', "'desk' gives no access"),
        (JIRA, "helpdesk =", "hardware =", "queues must have 'helpdesk'"),
        (JIRA, ', request_type = "3"', "", "'security': jira needs request_type"),
        (JIRA, '"3" }', '"3", group = "g" }', "'security': group is not for jira"),
        (JIRA, '"3" }', '"3", grp = "g" }', "Extra inputs are not permitted"),
        (JIRA, '"3" }', '".." }', "'..' names nobody and nothing"),
        (JIRA, ', url = "https://x.test"', "", "jira needs url"),
        (JIRA, "https://x.test", "http://x.test", "only sent over https"),
        (NOW, 'group = "g"', 'request_type = "g"', "request_type is not for service"),
        (NOW, '"T" }', '"T", portal = "x.test/sp" }', "no address of a web server"),
    ],
)
def test_what_cannot_be_done_is_said(
    file: str, before: str, after: str, problem: str
) -> None:
    assert file.count(before) == 1
    Company.model_validate(tomllib.loads(file))
    with pytest.raises(ValidationError) as told:
        Company.model_validate(tomllib.loads(file.replace(before, after)))
    assert problem in str(told.value)
