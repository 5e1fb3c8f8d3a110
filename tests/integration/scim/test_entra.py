"""Requests as Microsoft Entra's documentation shows them.

Source: https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
"""

from typing import Any

import pytest

from tests.integration.scim.conftest import House

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def entra_user(**more: object) -> dict[str, Any]:
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_ab6490ee",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "newuser@bjfe.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName"},
        "roles": [],
        **more,
    }


async def patch(house: House, path: str, *operations: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return await house.call(
        "PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}
    )


async def test_entra_deactivates_with_a_capital_letter_and_a_string(house: House):
    made = await house.call("POST", "/Users", entra_user(), status=201)
    operation = {"op": "Replace", "path": "active", "value": "False"}
    changed = await patch(house, f"/Users/{made['id']}", operation)
    assert changed["active"] is False
    company = await house.staff.company()
    gone = company.person(made["id"])
    assert gone and gone.ends is not None


async def test_entra_changes_several_attributes_in_one_request(house: House):
    boss = await house.push("boss@bjfe.com")
    made = await house.call("POST", "/Users", entra_user(), status=201)
    changed = await patch(
        house,
        f"/Users/{made['id']}",
        {
            "op": "Replace",
            "path": 'emails[type eq "work"].value',
            "value": "updated@microsoft.com",
        },
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss},
        {"op": "Add", "path": 'addresses[type eq "work"].locality', "value": "Bonn"},
        {
            "op": "replace",
            "value": {"displayName": "Neu", f"{ENTERPRISE}:employeeNumber": "7"},
        },
    )
    assert changed["emails"][0]["value"] == "updated@microsoft.com"
    assert changed["name"]["familyName"] == "updatedFamilyName"
    assert changed[ENTERPRISE] == {
        "department": "Sales",
        "manager": {"value": boss},
        "employeeNumber": "7",
    }
    person = (await house.staff.company()).person(made["id"])
    assert person and (person.name, person.email) == ("Neu", "updated@microsoft.com")
    assert (person.department, person.manager) == ("Sales", boss)


async def test_an_address_that_is_not_there_yet_is_made(house: House):
    made = await house.call("POST", "/Users", entra_user(emails=[]), status=201)
    path = 'emails[type eq "work"].value'
    operation = {"op": "Add", "path": path, "value": "new@bjfe.com"}
    changed = await patch(house, f"/Users/{made['id']}", operation)
    assert changed["emails"] == [{"type": "work", "value": "new@bjfe.com"}]


async def test_entra_takes_a_manager_away(house: House):
    boss = await house.push("boss@bjfe.com")
    more = {ENTERPRISE: {"manager": boss}}
    made = await house.call("POST", "/Users", entra_user(**more), status=201)
    operation = {"op": "Remove", "path": f"{ENTERPRISE}:manager"}
    changed = await patch(house, f"/Users/{made['id']}", operation)
    assert ENTERPRISE not in changed
    person = (await house.staff.company()).person(made["id"])
    assert person and person.manager is None


@pytest.mark.parametrize(
    "query",
    [
        'userName eq "test_user_AB6490EE"',
        'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
        'emails[type eq "work"].value eq "NewUser@bjfe.com"',
        'userName eq "Test_User_ab6490ee" and active eq true',
    ],
)
async def test_entra_finds_whom_it_pushed(house: House, query: str):
    made = await house.call("POST", "/Users", entra_user(), status=201)
    await house.push("somebody@bjfe.com", active=False)
    found = await house.call("GET", f"/Users?filter={query}")
    assert [one["id"] for one in found["Resources"]] == [made["id"]]


async def test_entra_removes_a_member_by_a_value_and_reads_without_members(
    house: House,
):
    first, second = await house.push("a@x.test"), await house.push("b@x.test")
    body: dict[str, Any] = {"displayName": "Board", "externalId": "8aa1"}
    body["members"] = []
    made = await house.call("POST", "/Groups", body, status=201)
    path = f"/Groups/{made['id']}"
    for member in (first, second):
        value = [{"$ref": None, "value": member}]
        await patch(house, path, {"op": "Add", "path": "members", "value": value})
    gone = {"op": "Remove", "path": "members", "value": [{"value": first}]}
    after = await patch(house, path, gone)
    assert [one["value"] for one in after["members"]] == [second]
    query = '/Groups?excludedAttributes=members&filter=displayName eq "board"'
    [listed] = (await house.call("GET", query))["Resources"]
    assert listed["id"] == made["id"] and "members" not in listed
    asked = f'/Groups?filter=id eq "{made["id"]}" and members eq "{second}"'
    assert (await house.call("GET", asked))["totalResults"] == 1
