"""The company with everybody who was pushed, read again when something was."""

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from bot.company.model import Company
from bot.company.pushed import joined
from bot.ports.staff import Staff
from bot.protocol.ids import TenantId
from bot.store.engine import connect
from bot.store.pushed import directory_version, read_groups, read_people


class StoredStaff(Staff):
    """The company file's people, joined with the tenant's pushed ones.

    Each `company` asks Postgres whether anything was pushed since; only then are
    people read again, and an answer never is older than the question.
    """

    def __init__(self, engine: AsyncEngine, tenant: TenantId, file: Company) -> None:
        self._engine = engine
        self._tenant = tenant
        self._file = file
        self._known = file
        self._version: int = 0

    @property
    @override
    def known(self) -> Company:
        return self._known

    @override
    async def company(self) -> Company:
        async with connect(self._engine) as conn:
            # Before what it counts: a change in between is seen twice, not never.
            version = await directory_version(conn, self._tenant)
            if version == self._version:
                return self._known
            people = await read_people(conn, self._tenant)
            groups = await read_groups(conn, self._tenant)
        company, _ = joined(self._file, people, groups)
        self._known, self._version = company, version
        return company
