"""Whose a message is that carries no mark, and when a message may go without one."""

from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from bot.clock import SystemClock
from bot.engine.doubt import found_again, may_stream
from bot.engine.exhibit import Exhibit
from bot.engine.receipts import SOON
from bot.ports.rows import Claim
from bot.ports.surface import OpenStream, Receipt
from bot.protocol.ids import (
    ConversationId,
    PersonId,
    SurfaceId,
    TenantId,
    replacement_of,
)
from bot.protocol.inbound import Address
from bot.view.project import ForRequester, SurfacePlan
from tests.support.fake_platform import FakePlatform, Hall
from tests.support.turns import ADDRESS, NOW, STARTED, fold, record

CLAIM = Claim(
    tenant_id=TenantId("tenant"),
    conversation_id=ConversationId("c1"),
    fence=1,
    address=ADDRESS,
)
STREAM = Receipt(message_id="m9", address=ADDRESS, stream=OpenStream(until=NOW))
POST = Receipt(message_id="m1", address=ADDRESS)
LATER = NOW + timedelta(seconds=1)


class Thread(FakePlatform):
    """A place with one message without a mark, and perhaps some with one."""

    def __init__(self, **marked: Receipt) -> None:
        super().__init__("slack", Hall(clock=SystemClock()))
        self.marked = {SurfaceId(mark): receipt for mark, receipt in marked.items()}

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        return self.marked.get(surface, STREAM)


def meant(name: str, at: datetime) -> Exhibit:
    """Return a surface whose message was meant and may be there."""
    plan = SurfacePlan(
        surface_id=SurfaceId(name),
        role="progress",
        audience=ForRequester(part="progress"),
        person_id=PersonId("p0"),
        final=False,
    )
    made = Exhibit(plan=plan, claim=CLAIM, state=fold(record([STARTED])))
    made.address, made.intent_at, made.meant_at = ADDRESS, at, at
    return made


async def test_a_stream_belongs_to_what_was_meant_first() -> None:
    first, second = meant("s1", NOW), meant("s2", LATER)
    assert not await found_again(Thread(), second, [first])
    assert await found_again(Thread(), first, [second])
    assert first.receipt == STREAM


async def test_a_post_of_ones_own_counts_before_a_stream_without_a_mark() -> None:
    """Though it was meant first, and its stand-in is looked for before it."""
    posted = meant("s1", NOW)
    assert await found_again(Thread(s1=POST), posted, [meant("s2", LATER)])
    assert (posted.receipt, posted.replaced) == (POST, False)


async def test_what_stands_in_for_another_message_was_never_streamed() -> None:
    replaced = meant("s1", NOW)
    replaced.replaced = True
    assert not await found_again(Thread(), replaced, [])
    there = Thread(**{replacement_of(SurfaceId("s1")): POST})
    assert await found_again(there, replaced, [])


async def test_what_is_not_written_down_yet_was_meant_last() -> None:
    stream, soon = meant("s1", NOW), meant("s2", SOON)
    assert await found_again(Thread(), stream, [soon])


@pytest.mark.parametrize(("written", "may"), [(None, False), (POST, True)])
def test_no_stream_is_opened_while_another_message_is_looked_for(
    written: Receipt | None, *, may: bool
) -> None:
    other = meant("s1", NOW)
    other.written = written
    assert may_stream([other]) is may
