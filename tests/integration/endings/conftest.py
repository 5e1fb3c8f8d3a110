"""Grants in a system and in our records alone, and replicas that end them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.simulator.systems.github import GitHubStandIn
from agents.endings import Ender, Meter
from bot.clock import SystemClock
from bot.company.model import Company
from bot.company.systems import System
from bot.ports.records import Access, Filed
from bot.ports.systems import Membership
from bot.protocol.ids import TurnId
from bot.store.endings import StoredEndings
from bot.store.engine import begin
from tests.support.offices import Office, postgres_office
from tests.support.sites import MEMBER, TEAM, Site, github_site
from tests.support.store import TENANT
from tests.support.workshop import DRAW, MAYA, WORKSHOP

DAY = timedelta(days=1)
HUB = Membership(system="hub", target=TEAM, account=MEMBER)


def company_with_hub() -> Company:
    """Return the workshop with its drawing seats in a system."""
    said = System(kind="github", org="acme", token_env="T")
    resources = tuple(
        one.model_copy(
            update={"system": "hub", "targets": dict.fromkeys(one.grants, TEAM)}
        )
        if one.id == DRAW
        else one
        for one in WORKSHOP.resources
    )
    return WORKSHOP.model_copy(
        update={"systems": {"hub": said}, "resources": resources}
    )


@dataclass(slots=True, kw_only=True)
class Yard:
    """A tenant's grants, a system, and a replica that ends them."""

    engine: AsyncEngine
    office: Office
    site: Site
    ender: Ender
    counted: list[str] = field(default_factory=list[str])

    @property
    def world(self) -> GitHubStandIn:
        """The system itself."""
        assert isinstance(self.site.world, GitHubStandIn)
        return self.site.world

    @property
    def endings(self) -> StoredEndings:
        """Its way to the rows."""
        assert isinstance(self.ender.endings, StoredEndings)
        return self.ender.endings

    def another(self) -> Ender:
        """Return one more replica."""
        return ender_of(self.engine, self.office, self.site, self.counted)

    async def reserve(
        self,
        key: str,
        *,
        there: bool = False,
        ended: timedelta | None = DAY,
        where: Membership = HUB,
        turn_id: str = "",
    ) -> None:
        """Note that the system is about to be asked for a seat."""
        await self.office.records.reserve_access(
            TENANT,
            key=key,
            access=Access(
                person=MAYA,
                resource_id=DRAW,
                grant="editor",
                ends_at=None if ended is None else self.office.now - ended,
                seat=True,
                turn_id=TurnId(turn_id),
            ),
            where=where,
            there=there,
            looked_at=self.office.now + DAY,
        )

    async def confirm(
        self, key: str, *, ended: timedelta | None = DAY, where: Membership = HUB
    ) -> Filed:
        """Write that it was given, and was over a while ago."""
        return await self.office.records.grant_access(
            TENANT,
            key=key,
            access=Access(
                person=MAYA,
                resource_id=DRAW,
                grant="editor",
                ends_at=None if ended is None else self.office.now - ended,
                seat=True,
            ),
            where=where,
        )

    async def give(self, key: str, *, ended: timedelta | None = DAY) -> Filed:
        """Give it there and here."""
        await self.reserve(key, ended=ended)
        await self.site.system.give(TEAM, MEMBER)
        return await self.confirm(key, ended=ended)

    async def rows(self, query: str) -> list[Any]:
        """Return what a query finds."""
        async with begin(self.engine) as conn:
            return list(await conn.execute(text(query)))

    async def pass_time(self) -> None:
        """Let every pause and every lease be over."""
        await self.run(
            "UPDATE access_grant SET ending_at = now() WHERE ended_at IS NULL"
        )

    async def run(self, statement: str) -> None:
        """Change rows."""
        async with begin(self.engine) as conn:
            await conn.execute(text(statement))

    async def hows(self) -> list[str]:
        """Return how grants ended, by the audit."""
        rows = await self.rows(
            "SELECT what FROM audit WHERE who = 'deskhand' ORDER BY audit_id"
        )
        return [row.what for row in rows]


def ender_of(
    engine: AsyncEngine, office: Office, site: Site, counted: list[str]
) -> Ender:
    """Return a replica of its own."""
    return Ender(
        tenant=TENANT,
        company=company_with_hub(),
        endings=StoredEndings(engine, TENANT),
        records=office.records,
        systems={"hub": site.system},
        clock=SystemClock(),
        meter=Meter(ended=counted.append),
    )


@pytest.fixture
async def yard(engine: AsyncEngine) -> AsyncGenerator[Yard]:
    """Give a yard with nothing granted."""
    office = await postgres_office(engine)
    counted: list[str] = []
    async with github_site() as site:
        ender = ender_of(engine, office, site, counted)
        yield Yard(
            engine=engine, office=office, site=site, ender=ender, counted=counted
        )
