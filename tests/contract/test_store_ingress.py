"""What a webhook waits for, in one go, is what its parts do one after the other.

Against Postgres and against the simulation's store, as in ``test_store.py``.
"""

from functools import partial

from bot.company.model import Person
from bot.ports.rows import Claim
from bot.ports.store import Transaction
from bot.protocol.ids import PersonId, TenantId
from bot.protocol.inbound import Address, UserRef
from tests.support.store import all_of
from tests.support.stores import TENANT, Ground, on_every_store
from tests.support.workshop import WORKSHOP

MAYA, OMAR = WORKSHOP.people[0], WORKSHOP.people[1]


async def open_company(ground: Ground) -> None:
    """Let a company be there; the second of its people has no Slack id."""
    people = tuple(
        p if p.id != OMAR.id else p.model_copy(update={"slack": ""})
        for p in WORKSHOP.people
    )
    company = WORKSHOP.model_copy(update={"people": people})
    await ground.load(TENANT, company, {"slack": "T1", "teams": "M1"})


async def receive(
    ground: Ground,
    to: Address,
    call: str = "d1",
    said: str = "s1",
    *,
    met: PersonId | None = None,
) -> bool:
    async def statement(tx: Transaction) -> bool:
        return await tx.receive(
            TENANT,
            delivery_id=call,
            said_key=said,
            address=to,
            kind="said",
            body='{"z": 1, "a": 2}',
            met=met,
        )

    return await ground.do(statement)


async def recognise(
    ref: UserRef, tx: Transaction
) -> tuple[TenantId | None, Person | None]:
    return await tx.recognise(ref)


async def find(ref: UserRef, tx: Transaction) -> Person | None:
    return await tx.find_by_platform(TENANT, ref)


async def mail_of(ground: Ground) -> tuple[Claim | None, list[str]]:
    held = await ground.claim()
    if held is None:
        return None, []
    mail = await ground.do(lambda tx: tx.read_mail(held))
    return held, [f"{one.mail_seq} {one.kind} {one.body}" for one in mail]


class TestIngress:
    @on_every_store
    async def test_what_comes_for_the_first_time_is_delivered(self, ground: Ground):
        place = ground.address()
        assert await receive(ground, place)
        held, mail = await mail_of(ground)
        assert held is not None and held.address == place
        assert mail == ['1 said {"z": 1, "a": 2}']

    @on_every_store
    async def test_what_came_before_under_either_name_changes_nothing(
        self, ground: Ground
    ):
        place, other = ground.address(), ground.address()
        assert await receive(ground, place)
        for call, said in (("d1", "s1"), ("d1", "s2"), ("d2", "s1")):
            assert not await receive(ground, other, call, said)
        held, mail = await mail_of(ground)
        assert held is not None and held.conversation_id == place.conversation_id
        assert len(mail) == 1
        assert await ground.claim() is None

    @on_every_store
    async def test_copies_that_come_at_once_are_delivered_once(self, ground: Ground):
        place = ground.address()
        taken = await all_of(receive(ground, place, f"d{n % 3}") for n in range(12))
        assert sum(taken) == 1
        assert len((await mail_of(ground))[1]) == 1

    @on_every_store
    async def test_more_in_the_same_place_is_numbered_on(self, ground: Ground):
        place = ground.address()
        taken = await all_of(receive(ground, place, f"d{n}", f"s{n}") for n in range(8))
        assert all(taken)
        _, mail = await mail_of(ground)
        assert [one.split()[0] for one in mail] == [str(n) for n in range(1, 9)]

    @on_every_store
    async def test_who_was_met_alone_is_remembered_where_they_were_met(
        self, ground: Ground
    ):
        await open_company(ground)
        first, second = ground.address(), ground.address()

        async def known() -> Address | None:
            return await ground.do(lambda tx: tx.address_of(TENANT, MAYA.id, "slack"))

        assert await receive(ground, first)
        assert await known() is None
        for number, place in enumerate((first, second), start=2):
            name = str(number)
            assert await receive(ground, place, name, name, met=MAYA.id)
            assert await known() == place
        assert not await receive(ground, first, "2", "2", met=MAYA.id)
        assert await known() == second

    @on_every_store
    async def test_who_speaks_is_recognised(self, ground: Ground):
        await open_company(ground)
        expected = {
            ("slack", "T1", MAYA.slack): (TENANT, MAYA.id),
            ("teams", "M1", MAYA.entra): (TENANT, MAYA.id),
            ("teams", "M1", MAYA.slack): (TENANT, None),
            ("slack", "T1", ""): (TENANT, None),
            ("slack", "T1", "U-nobody"): (TENANT, None),
            ("slack", "T9", MAYA.slack): (None, None),
        }
        for (platform, workspace, user_id), recognised in expected.items():
            ref = UserRef.model_validate(
                {"platform": platform, "workspace": workspace, "user_id": user_id}
            )
            home, person = await ground.do(partial(recognise, ref))
            assert (home, person.id if person else None) == recognised
            if person:
                assert person == await ground.do(partial(find, ref))
