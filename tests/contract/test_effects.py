"""What every effect in the records must be: at most once under its key, and final."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import EffectVoidedError
from bot.ports.records import Effect, Filed, Records
from tests.support.offices import (
    EFFECTS,
    KINDS,
    OTHER,
    Doing,
    Office,
    give,
    office_of,
    order,
    reset,
    ticket,
)
from tests.support.store import TENANT, all_of
from tests.support.workshop import ELENA, MAYA, OMAR


@pytest.fixture(params=KINDS)
async def office(request: pytest.FixtureRequest, engine: AsyncEngine) -> Office:
    return await office_of(request.param, engine)


@pytest.fixture
def records(office: Office) -> Records:
    return office.records


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS.keys())
async def test_the_same_key_again_gives_the_first_result(
    records: Records, effect: Doing
) -> None:
    first = await effect(records, "k")
    assert first.created
    assert first.reference
    again = await effect(records, "k")
    assert again == Filed(reference=first.reference, created=False)


@pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS.keys())
async def test_a_key_used_many_times_at_once_has_one_effect(
    records: Records, effect: Doing
) -> None:
    filed = await all_of(effect(records, "k") for _ in range(8))
    assert sum(one.created for one in filed) == 1
    assert len({one.reference for one in filed}) == 1


@pytest.mark.parametrize("kind", EFFECTS)
async def test_what_happened_under_a_key_can_be_looked_up(
    records: Records, kind: str
) -> None:
    assert await records.find_effect(TENANT, "k") is None
    filed = await EFFECTS[kind](records, "k")
    found = await records.find_effect(TENANT, "k")
    assert found is not None
    assert (found.key, found.kind, found.reference) == ("k", kind, filed.reference)
    assert await records.find_effect(TENANT, "another") is None
    assert await records.find_effect(OTHER, "k") is None


@pytest.mark.parametrize("kind", EFFECTS)
async def test_what_happened_is_what_settling_tells(
    records: Records, kind: str
) -> None:
    filed = await EFFECTS[kind](records, "k")
    settled = await records.settle_effect(TENANT, "k")
    assert settled is not None
    assert (settled.kind, settled.reference) == (kind, filed.reference)
    again = await EFFECTS[kind](records, "k")
    assert again == Filed(reference=filed.reference, created=False)


@pytest.mark.parametrize("kind", EFFECTS)
async def test_under_a_key_settled_as_unused_nothing_ever_happens(
    records: Records, kind: str
) -> None:
    for _ in range(2):
        assert await records.settle_effect(TENANT, "k") is None
    with pytest.raises(EffectVoidedError) as refusal:
        await EFFECTS[kind](records, "k")
    assert refusal.value.key == "k"
    assert await records.settle_effect(TENANT, "k") is None
    assert await records.find_effect(TENANT, "k") is None
    assert (await EFFECTS[kind](records, "another")).created


async def test_settling_a_key_settles_no_other(records: Records) -> None:
    await records.settle_effect(TENANT, "k")
    await records.settle_effect(OTHER, "other")
    assert (await give(records, "other")).created
    assert (await give(records, "k", tenant=OTHER)).created


async def test_a_void_key_is_void_even_when_nothing_is_left(records: Records) -> None:
    await records.settle_effect(TENANT, "k")
    for person in (MAYA, OMAR):
        await give(records, f"k of {person}", person)
    with pytest.raises(EffectVoidedError):
        await give(records, "k", ELENA)


@pytest.mark.parametrize("kind", EFFECTS)
async def test_at_once_an_effect_happens_or_is_void_never_both(
    records: Records, kind: str
) -> None:
    async def attempt(key: str) -> Filed | None:
        try:
            return await EFFECTS[kind](records, key)
        except EffectVoidedError:
            return None

    async def both(key: str) -> tuple[Filed | None, Effect | None]:
        async with asyncio.TaskGroup() as group:
            settling = [
                group.create_task(records.settle_effect(TENANT, key)) for _ in "ab"
            ]
            filing = group.create_task(attempt(key))
        assert settling[0].result() == settling[1].result()
        return filing.result(), settling[0].result()

    outcomes = await all_of(both(f"k{number}") for number in range(12))
    for filed, settled in outcomes:
        assert (filed is None) == (settled is None)
        assert filed is None or (settled and settled.reference == filed.reference)


@pytest.mark.parametrize("effect", [order, reset, ticket])
async def test_another_key_is_another_effect(records: Records, effect: Doing) -> None:
    first, second = await effect(records, "k1"), await effect(records, "k2")
    assert second.created
    assert first.reference != second.reference
