"""Accounts elsewhere, pushed in the attributes that the company file names."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.company.model import Company
from bot.protocol.ids import PersonId
from bot.store.engine import connect
from bot.store.people import find_person
from tests.integration.scim.conftest import FILE, TOKEN, House, serving
from tests.support.store import TENANT

ACME = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
LOGIN = f"{ACME}:githubLogin"
OBJECT = f"{ACME}:objectId"
OPS = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
COUNTED: list[tuple[str, str]] = []


def company() -> Company:
    said = FILE.model_dump(exclude_unset=True)
    usual = {"kind": "github", "org": "x", "token_env": "T"}
    said["systems"] = {
        "hub": {**usual, "scim": LOGIN},
        "lab": {**usual, "scim": "externalId"},
    }
    said["scim"] = {"entra": OBJECT}
    return Company.model_validate(said)


@pytest.fixture
async def house(engine: AsyncEngine) -> AsyncGenerator[House]:
    COUNTED.clear()
    async for one in serving(
        engine,
        TENANT,
        TOKEN,
        company(),
        lambda about, outcome: COUNTED.append((about, outcome)),
    ):
        yield one


async def accounts(house: House, scim_id: str) -> dict[str, str]:
    person = (await house.staff.company()).person(scim_id)
    assert person
    return dict(person.accounts)


async def test_an_account_is_pushed_in_an_extension_and_changed(house: House) -> None:
    pushed = await house.push(
        "zoe@x.example", externalId="00u7", **{ACME.upper(): {"GITHUBLOGIN": "zoe-z"}}
    )
    assert await accounts(house, pushed) == {"hub": "zoe-z", "lab": "00u7"}
    for change in (
        {"op": "Replace", "path": LOGIN, "value": "zoe-y"},
        {"op": "Add", "value": {LOGIN: "zoe-y"}},
    ):
        body = {"schemas": [OPS], "Operations": [change]}
        shown = await house.call("PATCH", f"/Users/{pushed}", body)
        assert shown[ACME] == {"githubLogin": "zoe-y"} and ACME in shown["schemas"]
        assert (await accounts(house, pushed))["hub"] == "zoe-y"
    gone = {"schemas": [OPS], "Operations": [{"op": "remove", "path": LOGIN}]}
    await house.call("PATCH", f"/Users/{pushed}", gone)
    assert await accounts(house, pushed) == {"lab": "00u7"}


async def test_what_would_be_taken_out_of_a_path_is_no_account(house: House) -> None:
    body = {"userName": "eve@x.example", ACME: {"githubLogin": ".."}}
    refused = await house.call("POST", "/Users", body, status=400)
    assert "names nobody" in refused["detail"]


async def test_the_extension_is_described(house: House) -> None:
    shown = await house.call("GET", f"/Schemas/{ACME}")
    named = [one["name"] for one in shown["attributes"]]
    assert named == ["githubLogin", "objectId"]
    kind = await house.call("GET", "/ResourceTypes/User")
    assert ACME in [one["schema"] for one in kind["schemaExtensions"]]


async def test_requests_are_counted_by_what_became_of_them(house: House) -> None:
    pushed = await house.push("zoe@x.example")
    await house.call("POST", "/Users", {"userName": "zoe@x.example"}, status=409)
    await house.call(
        "GET", f"/Users/{pushed}", headers={"Authorization": "x"}, status=401
    )
    await house.call("GET", "/Schemas")
    assert COUNTED == [
        ("Users", "done"),
        ("Users", "refused"),
        ("Users", "unauthorized"),
        ("other", "done"),
    ]


async def entra_of(house: House, scim_id: str) -> str:
    async with connect(house.engine) as conn:
        found = await find_person(conn, house.tenant, PersonId(scim_id))
    assert found
    return found.entra


async def test_an_object_id_is_how_teams_knows_them(house: House) -> None:
    object_id = "5D1C1E0E-0B1E-4B56-8D5A-0000000000AA"
    zoe = await house.push("zoe@x.example", **{ACME: {"objectId": object_id}})
    assert await entra_of(house, zoe) == object_id.lower()
    person = (await house.staff.company()).person(zoe)
    assert person and person.entra == object_id.lower()
    nick = await house.push("nick@x.example", **{ACME: {"objectId": "nickname"}})
    assert not await entra_of(house, nick), "a nickname is nobody's object id"
    body = {"userName": "eve@x.example", "active": True, ACME: {"objectId": object_id}}
    await house.call("POST", "/Users", body, status=409)
    assert await entra_of(house, zoe) == object_id.lower(), "one person per object id"
