"""Changes to a resource, operation by operation."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from adapters.scim.documents import kept_of
from adapters.scim.failures import Refusal
from adapters.scim.filters import terms_of
from adapters.scim.patch import patched
from adapters.scim.schemas import ENTERPRISE, PERSON, TEAM, USER

ANA: dict[str, Any] = {
    "userName": "ana",
    "name": {"givenName": "Ana", "familyName": "Gil"},
    "emails": [
        {"type": "work", "value": "ana@x", "primary": True},
        {"type": "home", "value": "ana@home"},
    ],
    ENTERPRISE: {"department": "Sales"},
}


def ana(*operations: dict[str, Any]) -> dict[str, Any]:
    return patched(PERSON, ANA, {"operations": list(operations)})


def test_parts_that_are_not_named_stay():
    after = ana({"op": "replace", "path": "name", "value": {"givenName": "Anna"}})
    assert after["name"] == {"givenName": "Anna", "familyName": "Gil"}


def test_names_are_matched_in_any_case_and_with_their_schema():
    after = ana(
        {"op": "ADD", "path": f"{USER.upper()}:TITLE", "value": "Chef"},
        {"op": "add", "path": f"{ENTERPRISE.lower()}:manager.value", "value": "7"},
    )
    assert after["title"] == "Chef"
    assert after[ENTERPRISE] == {"department": "Sales", "manager": {"value": "7"}}


def test_only_the_value_that_the_filter_means_is_changed():
    path = 'emails[type eq "HOME"].value'
    after = ana({"op": "replace", "path": path, "value": "new@home"})
    assert [e["value"] for e in after["emails"]] == ["ana@x", "new@home"]


def test_a_new_primary_address_takes_the_place_of_the_old_one():
    new = {"type": "other", "value": "a@y", "primary": True}
    after = ana({"op": "add", "path": "emails", "value": [new]})
    assert [e.get("primary") for e in after["emails"]] == [False, None, True]


def test_what_was_removed_is_not_there():
    after = ana(
        {"op": "remove", "path": 'emails[type eq "work"]'},
        {"op": "remove", "path": f"{ENTERPRISE}:department"},
        {"op": "remove", "path": "name.familyName"},
    )
    assert after == {
        "userName": "ana",
        "name": {"givenName": "Ana"},
        "emails": [{"type": "home", "value": "ana@home"}],
    }


def test_the_resource_before_is_left_alone():
    before = kept_of(PERSON, ANA)
    ana({"op": "remove", "path": "emails"}, {"op": "remove", "path": ENTERPRISE})
    assert kept_of(PERSON, ANA) == before


def test_the_whole_extension_can_be_replaced():
    after = ana({"op": "replace", "path": ENTERPRISE, "value": {"employeeNumber": 7}})
    assert after[ENTERPRISE] == {"employeeNumber": "7"}


def test_adding_a_member_twice_is_adding_them_once():
    value = [{"value": "7", "display": "Ana"}]
    add: dict[str, Any] = {"op": "add", "path": "members", "value": value}
    after = patched(TEAM, {"displayName": "it"}, {"Operations": [add, add]})
    assert after["members"] == [{"value": "7"}]


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"op": "replace", "value": "Chef"}, "invalidValue"),
        ({"op": "replace", "path": "shoes", "value": "42"}, "invalidPath"),
        ({"op": "replace", "path": "title.x", "value": "42"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type gt "x"]', "value": 1}, "invalidFilter"),
        ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "add", "path": 7, "value": 7}, "invalidPath"),
    ],
)
def test_what_cannot_be_done_is_refused(operation: dict[str, Any], why: str):
    with pytest.raises(Refusal) as refusal:
        ana(operation)
    assert (refusal.value.status, refusal.value.why) == (400, why)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "type", "Title", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
PATHS = st.sampled_from(
    [
        "title", "emails", "emails.value", "name", "name.givenName", "active", ENTERPRISE,
        f"{ENTERPRISE}:manager", 'emails[type eq "work"]', 'emails[type eq "x"].value',
        "members", "id", "meta.version",
    ]
) | st.text(max_size=12)  # fmt: skip


@given(PATHS, JSON, st.sampled_from(["add", "replace", "remove"]))
def test_whatever_comes_is_refused_or_gives_a_resource_that_is_kept_as_it_is(
    path: str, value: JsonValue, op: str
):
    for schema in (PERSON, TEAM):
        operation: dict[str, JsonValue] = {"op": op, "path": path, "value": value}
        try:
            after = patched(schema, {}, {"Operations": [operation]})
        except Refusal:
            continue
        assert kept_of(schema, after) == after


@given(st.text(alphabet='ab[]() ".eqand\\', max_size=30))
def test_any_text_is_a_filter_or_is_refused(text: str):
    with suppress(Refusal):
        assert terms_of(text)


def test_a_filter_is_read_term_by_term():
    one, two, three = terms_of(
        r'emails[type eq "work" and primary eq true].value eq "a\"]b" AND active Eq True '
        'and members[value eq "7"]'
    )
    assert (one.attribute, one.value) == ("emails.value", 'a"]b')
    assert [(t.attribute, t.value) for t in one.within] == [
        ("type", "work"),
        ("primary", "true"),
    ]
    assert (two.attribute, two.value) == ("active", "true")
    assert (three.attribute, three.value, three.within[0].value) == (
        "members",
        None,
        "7",
    )
