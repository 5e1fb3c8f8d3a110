from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agents.policy import Decision, Denied, Granted, Staged, decide, escalate
from bot.company.model import Company
from bot.protocol.ids import PersonId
from bot.protocol.values import Approver, Stage

TODAY = date(2026, 11, 20)

PEOPLE = ["ada", "bob", "cyd", "dee", "eve"]


def company_of(**changes: object) -> Company:
    """A chain ada < bob < cyd, dee beside, one thing that ada's rules are about."""
    document: dict[str, object] = {
        "company": {"name": "Tiny"},
        "people": [
            _person("ada", manager="bob", department="Lab"),
            _person("bob", manager="cyd", department="Lab"),
            _person("cyd", department="Office"),
            _person("dee", manager="cyd", department="Office"),
        ],
        "groups": {"board": ["cyd", "dee"]},
        "resources": [_thing()],
        "policies": [],
    }
    return Company.model_validate({**document, **changes})


def _person(name: str, **more: object) -> dict[str, object]:
    email = f"{name}@tiny.example"
    return {"id": name, "name": name.title(), "email": email, **more}


def _thing(**more: object) -> dict[str, object]:
    entry = {"id": "x/one", "kind": "x", "name": "One", "owner": "dee"}
    return {**entry, "grants": ["low", "high"], "specialist": "software", **more}


def _rule(name: str, approval: object, **more: object) -> dict[str, object]:
    return {"name": name, "resource": "x/*", "approval": approval, **more}


def _stage(by: str, **more: object) -> dict[str, object]:
    return {"by": by, "within": "1h", **more}


def ask(
    company: Company, who: str = "ada", grant: str = "low", price: float | None = None
) -> Decision:
    person, thing = company.person(who), company.resource("x/one")
    assert person and thing
    return decide(company, person, thing, grant=grant, price=price, today=TODAY)


def approvers(decision: Decision) -> list[list[str]]:
    assert isinstance(decision, Staged), decision
    return [[a.person_id for a in stage.approvers] for stage in decision.stages]


def test_what_no_rule_covers_is_denied_and_the_owner_is_named():
    decision = ask(company_of())
    assert decision == Denied(policy="", cause="no_rule", ask="Dee")


def test_the_first_rule_that_matches_decides():
    rules = [
        _rule("only high", "deny", grants=["high"]),
        _rule("all", "none"),
        _rule("never reached", "deny"),
    ]
    company = company_of(policies=rules)
    assert ask(company) == Granted(policy="all")
    assert ask(company, grant="high") == Denied(
        policy="only high", cause="rule", ask="Dee"
    )


def test_a_grant_that_the_thing_does_not_have_is_denied():
    company = company_of(policies=[_rule("all", "none")])
    for grant in ("huge", ""):
        decision = ask(company, grant=grant)
        assert isinstance(decision, Denied)
        assert decision.cause == "no_grant"


def test_a_rule_tests_department_employment_and_price_together():
    when = {"department": ["Lab"], "employment": ["employee"], "price_below": 10}
    company = company_of(policies=[_rule("all three", "none", when=when)])
    assert isinstance(ask(company, price=9), Granted)
    assert isinstance(ask(company, price=10), Denied)
    assert isinstance(ask(company, price=None), Denied)
    assert isinstance(ask(company, who="dee", price=9), Denied)


def test_a_pattern_covers_only_what_begins_like_it():
    company = company_of(policies=[_rule("others", "none", resource="y/*")])
    assert isinstance(ask(company), Denied)


def test_stages_name_people_by_role_group_and_id():
    stages = [_stage("manager"), _stage("owner"), _stage("group:board", need=2)]
    company = company_of(policies=[_rule("all", [*stages, _stage("cyd")])])
    assert approvers(ask(company)) == [["bob"], ["dee"], ["cyd", "dee"], ["cyd"]]


def test_who_would_decide_about_themselves_is_stood_in_for_by_their_manager():
    company = company_of(policies=[_rule("all", [_stage("owner")])])
    assert approvers(ask(company, who="dee")) == [["cyd"]]


def test_a_group_that_can_do_without_the_requester_needs_no_stand_in():
    company = company_of(policies=[_rule("all", [_stage("group:board")])])
    assert approvers(ask(company, who="dee")) == [["cyd"]]


def test_nobody_left_to_decide_is_denied():
    company = company_of(policies=[_rule("boss", [_stage("manager")])])
    decision = ask(company, who="cyd")
    assert decision == Denied(policy="boss", cause="nobody_left", ask="Dee")


def test_the_requester_does_not_stand_in_for_somebody_who_left_either():
    gone = TODAY - timedelta(days=1)
    people = [
        _person("ada", manager="bob"),
        _person("bob"),
        _person("dee", manager="ada", ends=gone),
    ]
    company = company_of(
        people=people, groups={}, policies=[_rule("all", [_stage("owner")])]
    )
    assert approvers(ask(company)) == [["bob"]]


def test_a_group_too_small_without_the_requester_takes_the_next_one_up():
    people = [
        _person("ada"),
        _person("cyd", manager="ada"),
        _person("dee", manager="cyd"),
    ]
    company = company_of(
        people=people, policies=[_rule("all", [_stage("group:board", need=2)])]
    )
    assert approvers(ask(company, who="dee")) == [["cyd", "ada"]]


def test_fewer_deciders_than_needed_is_denied():
    company = company_of(policies=[_rule("all", [_stage("group:board", need=3)])])
    decision = ask(company)
    assert decision == Denied(policy="all", cause="nobody_left", ask="Dee")


def test_who_has_left_or_not_begun_does_not_decide():
    gone, later = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    for dates in ({"ends": gone}, {"starts": later}):
        people = [
            _person("ada", manager="bob"),
            _person("bob", manager="cyd", **dates),
            _person("cyd"),
            _person("dee"),
        ]
        company = company_of(people=people, policies=[_rule("a", [_stage("manager")])])
        assert approvers(ask(company)) == [["cyd"]]


def test_a_contract_that_has_ended_may_ask_for_nothing_but_its_last_day_counts():
    for ends, allowed in ((TODAY, True), (TODAY - timedelta(days=1), False)):
        people = [_person("ada", ends=ends), *map(_person, ("cyd", "dee"))]
        company = company_of(people=people, policies=[_rule("all", "none")])
        assert isinstance(ask(company), Granted) is allowed


# --------------------------------------------------------------------- properties

_ids = st.sampled_from(PEOPLE)
_days = st.none() | st.integers(-3, 3).map(lambda n: TODAY + timedelta(days=n))
_bys = st.sampled_from(["manager", "owner", "group:g", *PEOPLE])
_stages = st.fixed_dictionaries(
    {"by": _bys, "need": st.integers(1, 3), "within": st.just("1h")}
)
_approvals = st.sampled_from(["none", "deny"]) | st.lists(
    _stages, min_size=1, max_size=3
)
_rules = st.lists(
    st.tuples(_approvals, st.lists(st.sampled_from(["low", "high"]), max_size=1)),
    max_size=4,
).map(lambda rs: [_rule(f"r{n}", a, grants=g) for n, (a, g) in enumerate(rs)])


@st.composite
def _companies(draw: st.DrawFn) -> Company:
    order = draw(st.permutations(PEOPLE))  # nobody is managed by somebody below them
    people = [
        _person(name, manager=manager, starts=draw(_days), ends=draw(_days))
        for place, name in enumerate(order)
        for manager in [draw(st.sampled_from([None, *order[:place]]))]
    ]
    group = draw(st.lists(_ids, unique=True, max_size=4))
    owner, rules = draw(_ids), draw(_rules)
    return company_of(
        people=people,
        groups={"g": group},
        resources=[_thing(owner=owner)],
        policies=rules,
    )


@given(_companies(), _ids)
def test_nobody_decides_about_themselves_and_enough_others_do(
    company: Company, who: str
):
    decision = ask(company, who=who)
    if not isinstance(decision, Staged):
        return
    for stage in decision.stages:
        ids = [a.person_id for a in stage.approvers]
        assert who not in ids
        assert len(set(ids)) == len(ids) >= stage.need
        for person in map(company.person, ids):
            assert person is not None
            assert person.starts is None or person.starts <= TODAY
            assert person.ends is None or person.ends >= TODAY


@given(_companies(), _ids)
def test_the_decision_is_the_first_matching_rules(company: Company, who: str):
    decision = ask(company, who=who)
    matching = [p for p in company.policies if not p.grants or "low" in p.grants]
    person = company.person(who)
    assert person
    if person.ends and person.ends < TODAY:
        assert isinstance(decision, Denied)
    elif not matching:
        assert isinstance(decision, Denied)
        assert decision.cause == "no_rule"
    else:
        assert decision.policy == matching[0].name


@given(_companies(), _ids)
def test_rules_after_the_first_match_change_nothing(company: Company, who: str):
    unconditional = next((i for i, p in enumerate(company.policies) if not p.grants), 9)
    shorter = company.model_copy(
        update={"policies": company.policies[: unconditional + 1]}
    )
    assert ask(company, who=who) == ask(shorter, who=who)


def test_waiting_does_not_make_two_deciders_one():
    stage = Stage(
        label="group:g",
        approvers=(
            Approver(person_id=PersonId("bob"), name="Bob"),
            Approver(person_id=PersonId("dee"), name="Dee"),
        ),
        need=2,
        within=60,
        then="escalate",
    )
    company = company_of(policies=[])
    assert above_of(company, stage) is None  # both have the same manager
    one = stage.model_copy(update={"need": 1})
    above = above_of(company, one)
    assert above and [a.person_id for a in above.approvers] == ["cyd"]


def above_of(company: Company, stage: Stage) -> Stage | None:
    return escalate(company, stage, PersonId("ada"), today=TODAY)
