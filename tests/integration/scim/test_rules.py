"""Who somebody is, who manages whom, who may push: the rules beyond the protocol."""

from adapters.scim.routes import ROOT
from bot.company.model import Company
from bot.store.engine import connect
from bot.store.people import find_person
from tests.integration.scim.conftest import FILE, TOKEN, House

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


async def test_without_the_token_nothing_is_answered(house: House):
    for given in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN):
        refused = await house.call(
            "GET", "/Users", status=401, headers={"Authorization": given}
        )
        assert refused["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert refused["status"] == "401"


async def test_who_has_the_e_mail_of_somebody_in_the_file_is_that_person(house: House):
    more = {"title": "Lead", ENTERPRISE: {"department": "Sales"}}
    await house.push("BEN@x.example", displayName="Benjamin", **more)
    company = await house.staff.company()
    ben = company.person("ben")
    assert ben and (ben.title, ben.department, ben.name) == (
        "Lead",
        "Sales",
        "Benjamin",
    )
    assert (ben.manager, ben.roles) == ("ana", ("operator",))
    assert len(company.people) == 2


async def test_who_is_deactivated_is_found_by_nobody_and_stands_aside(house: House):
    pushed = await house.push("ana@x.example")
    patch = {"Operations": [{"op": "replace", "value": {"active": False}}]}
    await house.call("PATCH", f"/Users/{pushed}", patch)
    async with connect(house.engine) as conn:
        assert await find_person(conn, house.tenant, FILE.people[0].id) is None
    staff = await house.restart()  # also when the file is read again
    company = await staff.company()
    ana = company.person("ana")
    assert ana and ana.ends is not None
    async with connect(house.engine) as conn:
        assert await find_person(conn, house.tenant, FILE.people[0].id) is None


async def test_who_is_removed_is_not_active_and_their_name_is_free(house: House):
    first = await house.push("zoe@x.example")
    await house.call("DELETE", f"/Users/{first}", status=204)
    await house.call("GET", f"/Users/{first}", status=404)
    second = await house.push("zoe@x.example")
    assert second != first  # who comes next is somebody else
    company = await house.staff.company()
    gone, new = company.person(first), company.person(second)
    assert gone and new and gone.ends is not None and new.ends is None


async def test_pushed_people_are_there_after_a_start(house: House):
    boss = await house.push("boss@x.example")
    zoe = await house.push("zoe@x.example", **{ENTERPRISE: {"manager": boss}})
    staff = await house.restart()
    person = (await staff.company()).person(zoe)
    assert person and person.manager == boss
    async with connect(house.engine) as conn:
        assert await find_person(conn, house.tenant, person.id)


async def test_who_was_pushed_first_becomes_the_person_of_the_file(house: House):
    pushed = await house.push("cai@x.example", title="Chef")
    cai = {"id": "cai", "name": "Cai", "email": "cai@x.example", "slack": "UCAI"}
    file = FILE.model_dump()
    file["people"] = [*file["people"], cai]
    staff = await house.restart(Company.model_validate(file))
    company = await staff.company()
    person = company.person("cai")
    assert person and (person.title, person.slack) == ("Chef", "UCAI")
    assert company.person(pushed) is None


async def test_a_manager_may_be_pushed_after_those_they_manage(house: House):
    zoe = await house.push("zoe@x.example", **{ENTERPRISE: {"manager": "boss@x.test"}})
    before = (await house.staff.company()).person(zoe)
    assert before and before.manager is None
    boss = await house.push("Boss@x.test")
    after = (await house.staff.company()).person(zoe)
    assert after and after.manager == boss


async def test_in_a_circle_nobody_manages_anybody(house: House):
    one = await house.push("one@x.test", **{ENTERPRISE: {"manager": "two@x.test"}})
    two = await house.push("two@x.test", **{ENTERPRISE: {"manager": "one@x.test"}})
    below = await house.push("low@x.test", **{ENTERPRISE: {"manager": two}})
    company = await house.staff.company()
    managers = [p.manager for i in (one, two, below) if (p := company.person(i))]
    assert managers == [None, None, two]


async def test_a_name_that_is_taken_is_refused(house: House):
    await house.push("zoe@x.example", emails=[{"value": "z@x.example"}])
    for body in (
        {"userName": "ZOE@x.example"},
        {"userName": "other", "emails": [{"value": "Z@x.example"}]},
    ):
        refused = await house.call("POST", "/Users", body, status=409)
        assert refused["scimType"] == "uniqueness"
    await house.call("POST", "/Groups", {"displayName": "Chefs"}, status=201)
    await house.call("POST", "/Groups", {"displayName": "chefs"}, status=409)


async def test_a_change_of_an_old_version_is_refused(house: House):
    zoe = await house.push("zoe@x.example")
    patch = {"Operations": [{"op": "add", "path": "title", "value": "Chef"}]}
    first = {"If-Match": 'W/"1"'}
    await house.call("PATCH", f"/Users/{zoe}", patch, headers=first)
    await house.call("PATCH", f"/Users/{zoe}", patch, headers=first, status=412)
    await house.call("DELETE", f"/Users/{zoe}", headers=first, status=412)
    same = {"If-None-Match": 'W/"2"'}
    assert await house.call("GET", f"/Users/{zoe}", headers=same, status=304) is None


async def test_pushing_the_same_again_changes_nothing(house: House):
    zoe = await house.push("zoe@x.example", title="Chef")
    body = {"userName": "zoe@x.example", "title": "Chef", "active": "True"}
    again = await house.call("PUT", f"/Users/{zoe}", body)
    assert again["meta"]["version"] == 'W/"1"'
    assert await house.audited() == [("person.pushed", zoe)]


async def test_a_group_with_a_stranger_in_it_is_refused_whole(house: House):
    zoe = await house.push("zoe@x.example")
    members = [{"value": zoe}, {"value": "nobody"}]
    body = {"displayName": "Board", "members": members}
    refused = await house.call("POST", "/Groups", body, status=400)
    assert refused["scimType"] == "invalidValue"
    assert (await house.call("GET", "/Groups"))["totalResults"] == 0
    assert (await house.staff.company()).groups["board"] == ("ben",)


async def test_tenants_see_and_change_nothing_of_each_other(
    house: House, neighbours: House
):
    zoe = await house.push("zoe@x.example")
    team = {"displayName": "Board", "members": [{"value": zoe}]}
    board = await house.call("POST", "/Groups", team, status=201)
    assert (await neighbours.call("GET", "/Users"))["totalResults"] == 0
    for path in (f"/Users/{zoe}", f"/Groups/{board['id']}"):
        await neighbours.call("GET", path, status=404)
        await neighbours.call("DELETE", path, status=404)
        await neighbours.call(
            "PUT", path, {"userName": "x", "displayName": "x"}, status=404
        )
    await neighbours.call("POST", "/Groups", team, status=400)  # not their member
    await neighbours.push("zoe@x.example")  # nor their name
    assert await neighbours.staff.company() != await house.staff.company()
    assert (await neighbours.staff.company()).groups["board"] == ("ben",)
    assert (await house.call("GET", f"/Users/{zoe}"))["userName"] == "zoe@x.example"


async def test_people_are_read_page_by_page(house: House):
    pushed = [await house.push(f"p{i}@x.test") for i in range(5)]
    page = await house.call("GET", "/Users?startIndex=3&count=2")
    assert [one["id"] for one in page["Resources"]] == pushed[2:4]
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 3, 2)
    assert (await house.call("GET", "/Users?count=0"))["Resources"] == []


async def test_what_cannot_be_understood_is_said_and_nothing_is_changed(house: House):
    zoe = await house.push("zoe@x.example")
    refusals: list[tuple[str, str, object, str]] = [
        ("POST", "/Users", {"displayName": "Nameless"}, "invalidValue"),
        ("POST", "/Users", {"userName": "x", "active": "perhaps"}, "invalidValue"),
        ("POST", "/Users", {"userName": "a\x00b"}, "invalidValue"),
        ("POST", "/Users", ["no object"], "invalidSyntax"),
        ("PATCH", f"/Users/{zoe}", {"Operations": []}, "invalidSyntax"),
        (
            "PATCH",
            f"/Users/{zoe}",
            {
                "Operations": [
                    {"op": "replace", "path": "title", "value": "Chef"},
                    {"op": "replace", "path": "shoe[", "value": "42"},
                ]
            },
            "invalidPath",
        ),
        ("PATCH", f"/Users/{zoe}", {"Operations": [{"op": "remove"}]}, "noTarget"),
        ("GET", '/Users?filter=title co "x"', None, "invalidFilter"),
        ("GET", "/Users?filter=" + "(" * 900, None, "invalidFilter"),
        ("GET", "/Users?count=many", None, "invalidValue"),
    ]
    for method, path, body, why in refusals:
        refused = await house.call(method, path, body, status=400)
        assert refused["scimType"] == why, (path, body)
    await house.call("POST", "/Users", {"userName": "x" * 70_000}, status=413)
    assert "title" not in await house.call("GET", f"/Users/{zoe}")


async def test_only_what_is_used_is_kept(house: House):
    more = {"phoneNumbers": [{"value": "555"}], "password": "secret", "x:y": 1}
    zoe = await house.push("zoe@x.example", **more)
    shown = await house.call("GET", f"/Users/{zoe}?attributes=userName,emails")
    assert set(shown) == {"schemas", "id", "userName", "meta"}
    whole = await house.call("GET", f"/Users/{zoe}")
    assert set(whole) == {"schemas", "id", "userName", "active", "meta"}
    assert whole["meta"]["location"].endswith(f"{ROOT}/Users/{zoe}")
