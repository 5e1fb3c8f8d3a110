"""Where a person is reached: the platform they chose, and their chat with the bot."""

from collections.abc import Mapping

from bot.errors import PlatformError
from bot.ports.records import Directory
from bot.ports.store import Store
from bot.ports.surface import Platform
from bot.protocol.ids import PersonId, PlatformName, TenantId
from bot.protocol.inbound import Address, UserRef


class Reach:
    """Finds people's direct chats and remembers them."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        platforms: Mapping[PlatformName, Platform],
    ) -> None:
        self._store = store
        self._directory = directory
        self._platforms = platforms

    async def address_of(self, tenant: TenantId, person_id: PersonId) -> Address:
        """Return where to write to a person alone.

        Raises:
            PlatformError: Nobody by that id, or no platform reaches them.
        """
        person = await self._directory.find_person(tenant, person_id)
        if person is None:
            raise PlatformError("directory", "no_such_person", person_id)
        order: list[PlatformName] = ["slack", "teams"]
        order.sort(key=lambda name: name != person.reach_on)
        ids = {"slack": person.slack, "teams": person.entra}
        for name in order:
            if name not in self._platforms:
                continue
            user_id = ids[name] or await self._matched(tenant, name, person.email)
            if user_id:
                return await self._direct(tenant, person_id, name, user_id)
        raise PlatformError("directory", "no_account", person_id)

    async def _matched(self, tenant: TenantId, name: PlatformName, email: str) -> str:
        """Return the platform's id of who has this e-mail there, and remember it."""
        user = await self._platforms[name].find_by_email(email) if email else None
        if user is None:
            return ""
        async with self._store.begin("reach.remember") as tx:
            linked = await tx.link_platform_user(tenant, user)
        return user.user_id if linked else ""

    async def _direct(
        self, tenant: TenantId, person_id: PersonId, name: PlatformName, user_id: str
    ) -> Address:
        async with self._store.begin("reach.look_up") as tx:
            known = await tx.address_of(tenant, person_id, name)
            workspace = await tx.workspace_of(tenant, name)
        user = UserRef(platform=name, workspace=workspace, user_id=user_id)
        address = await self._platforms[name].open_direct(user, known)
        if address != known:
            async with self._store.begin("reach.remember") as tx:
                await tx.remember_address(tenant, person_id, address)
        return address
