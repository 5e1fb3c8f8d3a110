"""A company with a SCIM server on a real Postgres, spoken to over HTTP."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.scim.routes import ROOT, Counted, not_counted, scim_routes
from bot.company.model import Company
from bot.protocol.ids import TenantId
from bot.store.engine import begin, connect
from bot.store.people import sync_company
from bot.store.provisioning import StoredProvisioning
from bot.store.pushed import rejoin
from bot.store.schema_records import audit
from bot.store.staff import StoredStaff
from tests.support.store import TENANT

TOKEN = "t" * 32
FILE = Company.model_validate(
    {
        "company": {"name": "Northwind"},
        "people": [
            {"id": "ana", "name": "Ana Gil", "email": "Ana@x.example", "slack": "UANA"},
            {
                "id": "ben",
                "name": "Ben Ott",
                "email": "ben@x.example",
                "title": "Engineer",
                "department": "Research",
                "manager": "ana",
                "roles": ["operator"],
            },
        ],
        "groups": {"security": ["ana"], "board": ["ben"]},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One tenant's SCIM server, and what the bot makes of what is pushed."""

    engine: AsyncEngine
    url: str
    session: ClientSession
    staff: StoredStaff
    tenant: TenantId = TENANT

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        given = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/scim+json",
            **(headers or {}),
        }
        url = f"{self.url}{path}"
        async with self.session.request(
            method, url, json=body, headers=given
        ) as response:
            text = await response.text()
            assert response.status == status, text
            return await response.json(content_type=None) if text else None

    async def push(self, user_name: str, **more: object) -> str:
        """Push a person, return the SCIM id."""
        made = await self.call(
            "POST", "/Users", {"userName": user_name, **more}, status=201
        )
        return str(made["id"])

    async def audited(self) -> list[tuple[str, str]]:
        query = select(audit.c.what, audit.c.subject).where(
            audit.c.tenant_id == self.tenant
        )
        async with connect(self.engine) as conn:
            rows = await conn.execute(query.order_by(audit.c.audit_id))
            return [(row[0], row[1]) for row in rows]

    async def restart(self, company: Company = FILE) -> StoredStaff:
        """Read the company file again, as a start of the bot does."""
        async with begin(self.engine) as conn:
            await sync_company(conn, self.tenant, company, ())
            await rejoin(conn, self.tenant, company)
        return StoredStaff(self.engine, self.tenant, company)


async def serving(
    engine: AsyncEngine,
    tenant: TenantId,
    token: str,
    company: Company = FILE,
    counted: Counted = not_counted,
) -> AsyncGenerator[House]:
    async with begin(engine) as conn:
        await sync_company(conn, tenant, company, ())
        await rejoin(conn, tenant, company)
    application = web.Application(client_max_size=64 * 1024)
    provisioning = StoredProvisioning(engine, tenant, company)
    paths = [one.scim for one in company.systems.values() if one.scim]
    application.add_routes(
        scim_routes(
            provisioning,
            token=token,
            accounts=paths,
            entra=company.scim.entra,
            counted=counted,
        )
    )
    async with TestServer(application) as server, ClientSession() as session:
        yield House(
            engine=engine,
            url=f"{server.make_url('')}".rstrip("/") + ROOT,
            session=session,
            staff=StoredStaff(engine, tenant, company),
            tenant=tenant,
        )


@pytest.fixture
async def house(engine: AsyncEngine) -> AsyncGenerator[House]:
    async for one in serving(engine, TENANT, TOKEN):
        yield one


@pytest.fixture
async def neighbours(engine: AsyncEngine) -> AsyncGenerator[House]:
    """Another tenant in the same database."""
    async for one in serving(engine, TenantId("other"), TOKEN):
        yield one
