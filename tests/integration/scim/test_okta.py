"""Requests as Okta's documentation shows them.

Source: https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20/
"""

from typing import Any

from tests.integration.scim.conftest import House

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def okta_user(**more: object) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "test.user@okta.local",
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
        **more,
    }


async def test_okta_looks_for_a_user_pushes_them_and_reads_them_back(house: House):
    query = "/Users?filter=userName%20eq%20%22test.user%40okta.local%22&startIndex=1&count=100"
    none = await house.call("GET", query)
    assert (none["totalResults"], none["Resources"]) == (0, [])
    made = await house.call("POST", "/Users", okta_user(), status=201)
    assert "password" not in made
    found = await house.call("GET", query)
    assert [one["id"] for one in found["Resources"]] == [made["id"]]
    person = (await house.staff.company()).person(made["id"])
    assert person and (person.name, person.email) == (
        "Test User",
        "test.user@okta.local",
    )


async def test_okta_deactivates_with_a_value_without_a_path(house: House):
    made = await house.call("POST", "/Users", okta_user(), status=201)
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "value": {"active": False}}],
    }
    changed = await house.call("PATCH", f"/Users/{made['id']}", body)
    assert changed["active"] is False
    assert ("person.deactivated", made["id"]) in await house.audited()


async def test_okta_replaces_a_profile_and_its_manager(house: House):
    boss = await house.push("boss@okta.local", externalId="00boss")
    made = await house.call("POST", "/Users", okta_user(), status=201)
    body = okta_user(
        id=made["id"],
        title="Pilot",
        **{ENTERPRISE: {"department": "Flight", "manager": {"value": "00boss"}}},
    )
    changed = await house.call("PUT", f"/Users/{made['id']}", body)
    assert changed["meta"]["version"] == 'W/"2"'
    person = (await house.staff.company()).person(made["id"])
    assert person
    assert (person.title, person.department) == ("Pilot", "Flight")
    assert person.manager == boss


async def test_a_put_that_leaves_out_active_changes_nothing_of_it(house: House):
    made = await house.call("POST", "/Users", okta_user(active=False), status=201)
    body = okta_user(title="Pilot")
    del body["active"]
    changed = await house.call("PUT", f"/Users/{made['id']}", body)
    assert (changed["title"], changed["active"]) == ("Pilot", False)


async def test_okta_pushes_a_group_and_then_its_members(house: House):
    first, second = await house.push("a@okta.local"), await house.push("b@okta.local")
    group = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Security",
        "members": [],
    }
    made = await house.call("POST", "/Groups", group, status=201)
    path = f"/Groups/{made['id']}"

    async def patch(*operations: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        return await house.call("PATCH", path, {"Operations": list(operations)})

    members = [{"value": first, "display": "a@okta.local"}, {"value": second}]
    await patch({"op": "add", "path": "members", "value": members})
    assert (await house.staff.company()).groups["security"] == (first, second) or (
        await house.staff.company()
    ).groups["security"] == (second, first)
    await patch({"op": "remove", "path": f'members[value eq "{first}"]'})
    renamed = {"id": made["id"], "displayName": "Board"}
    after = await patch({"op": "replace", "value": renamed})
    assert [one["value"] for one in after["members"]] == [second]
    company = await house.staff.company()
    assert company.groups == {"security": ("ana",), "board": (second,)}
    await house.call("DELETE", path, status=204)
    assert (await house.staff.company()).groups["board"] == ("ben",)
