"""Who was pushed, joined with the company file."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.policy import Staged, escalate, staged_by
from bot.company.entries import StageRule
from bot.company.model import Company
from bot.company.pushed import Pushed, Said, in_circles, joined, key_of, not_pushed
from bot.protocol.ids import PersonId

TODAY = date(2026, 11, 20)
FILE = Company.model_validate(
    {
        "company": {"name": "X"},
        "people": [
            {"id": "ceo", "name": "Cleo", "email": "ceo@x"},
            {"id": "boss", "name": "Bo", "email": "bo@x", "manager": "ceo"},
            {"id": "dev", "name": "Di", "email": "di@x", "manager": "boss"},
        ],
        "groups": {"it": ["boss"]},
    }
)


def pushed(who: str, *, active: bool = True, manager: str = "", **said: str) -> Pushed:
    values = {"user_name": f"{who}@x", "name": who, "manager": manager, **said}
    return Pushed(
        scim_id=f"s-{who}",
        person_id=PersonId(who),
        said=Said.model_validate(values),
        active=active,
    )


def by_manager(company: Company, who: str) -> Staged | None:
    rule = StageRule(by="manager", within=60, then="escalate")
    person = company.person(who)
    assert person
    return staged_by(company, (rule,), person, name="r", today=TODAY)


def test_what_is_not_said_is_as_the_file_says():
    company, _ = joined(FILE, [pushed("dev", title="Lead")], {})
    dev = company.person("dev")
    assert dev and (dev.title, dev.manager, dev.email) == ("Lead", "boss", "di@x")


def test_the_managers_manager_decides_for_who_was_deactivated():
    company, _ = joined(FILE, [pushed("boss", active=False)], {})
    staged = by_manager(company, "dev")
    assert staged and [a.person_id for a in staged.stages[0].approvers] == ["ceo"]


def test_an_open_request_goes_up_from_who_was_deactivated_meanwhile():
    staged = by_manager(FILE, "dev")
    assert staged
    company, _ = joined(FILE, [pushed("boss", active=False)], {})
    above = escalate(company, staged.stages[0], PersonId("dev"), today=TODAY)
    assert above and [a.person_id for a in above.approvers] == ["ceo"]


def test_a_manager_nobody_knows_is_nobody_and_not_the_files():
    company, uncertain = joined(FILE, [pushed("dev", manager="who?")], {})
    assert by_manager(company, "dev") is None
    assert [(u.person.id, u.cause) for u in uncertain] == [
        ("dev", "nobody is called that")
    ]


def test_a_name_that_fits_two_people_means_neither():
    people = [
        pushed("a", external_id="7"),
        pushed("b", external_id="7"),
        pushed("dev", manager="7"),
    ]
    company, uncertain = joined(FILE, people, {})
    assert by_manager(company, "dev") is None
    assert [u.cause for u in uncertain] == ["two people are"]


def test_a_name_means_who_has_it_now():
    old, new = pushed("old", active=False, email="a@x"), pushed("new", email="a@x")
    company, _ = joined(FILE, [old, new, pushed("dev", manager="a@x")], {})
    dev = company.person("dev")
    assert dev and dev.manager == "new"


def test_an_id_means_its_person_whatever_others_are_called():
    people = [pushed("a"), pushed("b", external_id="s-a"), pushed("dev", manager="s-a")]
    company, _ = joined(FILE, people, {})
    dev = company.person("dev")
    assert dev and dev.manager == "a"


def test_a_circle_of_pushed_and_written_managers_leaves_none():
    company, uncertain = joined(
        FILE, [pushed("boss", manager="s-dev"), pushed("dev")], {}
    )
    managers = {p.id: p.manager for p in company.people}
    assert managers == {"ceo": None, "boss": None, "dev": None}
    assert {u.person.id for u in uncertain} == {"boss", "dev"}


def test_a_pushed_group_takes_the_place_of_the_files_in_whatever_case():
    groups = {"IT": ["s-dev", "s-nobody"], "New": []}
    company, _ = joined(FILE, [pushed("dev")], groups)
    assert company.groups == {"it": ("dev",), "New": ()}


def test_only_the_case_of_ascii_letters_is_ignored():
    assert key_of(" Ana@X ") == "ana@x"
    assert key_of("\N{KELVIN SIGN}im@x") != key_of("kim@x")


IDS = st.sampled_from([PersonId(c) for c in "abcdef"])


@given(st.dictionaries(IDS, st.none() | IDS))
def test_without_those_in_circles_every_chain_ends(
    managers: dict[PersonId, PersonId | None],
):
    circles = in_circles(managers)
    assert len(circles) == len(set(circles))
    for start, manager in managers.items():
        # Who is in a circle comes back to themselves; others may lead into one.
        seen, at = set[PersonId](), manager
        while at is not None and at not in seen:
            seen.add(at)
            at = managers.get(at)
        assert (start in circles) == (start in seen)
    left = {k: None if k in circles else v for k, v in managers.items()}
    assert in_circles(left) == []


GITHUB = "urn:ietf:params:scim:schemas:extension:acme:2.0:User:githubLogin"


def with_systems(**scim: str) -> Company:
    said = FILE.model_dump(exclude_unset=True)
    said["people"][2]["accounts"] = {"hub": "di-by-hand"}
    said["systems"] = {
        name: {"kind": "github", "org": "x", "token_env": "T", "scim": path}
        for name, path in scim.items()
    }
    return Company.model_validate(said)


def test_accounts_are_where_the_file_says_that_they_are_pushed() -> None:
    company = with_systems(hub=GITHUB, lab="externalId", none="")
    new = pushed("new", external_id="00u1")
    said = new.said.model_copy(update={"more": {GITHUB: "newbie", "urn:x:y": "z"}})
    joined_up, _ = joined(company, [replace(new, said=said), pushed("dev")], {})
    person = joined_up.person("new")
    assert person and person.accounts == {"hub": "newbie", "lab": "00u1"}


def test_the_files_account_is_the_one_that_counts() -> None:
    dev = pushed("dev")
    said = dev.said.model_copy(update={"more": {GITHUB: "another"}})
    joined_up, _ = joined(with_systems(hub=GITHUB), [replace(dev, said=said)], {})
    person = joined_up.person("dev")
    assert person and person.accounts == {"hub": "di-by-hand"}


def awaiting(**scim: list[str]) -> Company:
    """Return the file with a rule of a group and a person that only SCIM brings."""
    said = FILE.model_dump(exclude_unset=True)
    stages = [
        {"by": "group:Risk", "within": 60, "then": "group:legal"},
        {"by": "Zoe@x", "within": 60},
    ]
    said["policies"] = [{"name": "r", "resource": "*", "approval": stages}]
    said["scim"] = scim
    return Company.model_validate(said)


def test_names_that_scim_will_bring_are_accepted_where_they_are_written_down() -> None:
    company = awaiting(groups=["Risk", "legal"], people=["Zoe@x"])
    assert not_pushed(company, [], []) == ["Risk", "legal", "Zoe@x"]
    for scim, problem in (
        ({"groups": ["Risk", "legal"]}, "'Zoe@x' is nobody"),
        ({"groups": ["legal"], "people": ["Zoe@x"]}, "there is no group:Risk"),
        ({"groups": ["Risk"], "people": ["Zoe@x"]}, "there is no group:legal"),
    ):
        with pytest.raises(ValidationError, match=problem):
            awaiting(**scim)


def test_who_scim_brings_decides_once_they_are_there() -> None:
    company = awaiting(groups=["Risk", "legal"], people=["Zoe@x"])
    rule = company.policies[0].approval
    assert not isinstance(rule, str)
    dev = company.person("dev")
    assert dev
    before = staged_by(company, rule, dev, name="r", today=TODAY)
    assert not isinstance(before, Staged), "nobody could agree"
    new = [pushed("p7", email="zoe@x"), pushed("p8")]
    there, _ = joined(company, new, {"RISK": ["s-p8"]})
    staged = staged_by(there, rule, dev, name="r", today=TODAY)
    assert isinstance(staged, Staged)
    deciders = [[a.person_id for a in s.approvers] for s in staged.stages]
    assert deciders == [["p8"], ["p7"]]
    assert not_pushed(company, new, ["RISK"]) == ["legal"]
