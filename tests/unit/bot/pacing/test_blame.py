"""A refusal that names no lane is not taken for that of a lane of everybody's."""

from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.protocol.ids import SurfaceId

ONE, OTHER = SurfaceId("one"), SurfaceId("other")
TENANT = Lane(key="tenant", windows=(Window(50, 1.0),), blamed=False)


def lanes_of(surface: SurfaceId) -> tuple[Lane, ...]:
    return (Lane(key=surface, windows=(Window(7, 1.0),)), TENANT)


def offered(pacer: Pacer, surface: SurfaceId, lanes: tuple[Lane, ...]) -> None:
    pacer.offer(
        surface, 1, priority=Priority.PROGRESS, now=0.0, ways=(Way(lanes=lanes),)
    )


def test_others_go_on_while_one_conversation_rests() -> None:
    pacer = Pacer()
    offered(pacer, ONE, lanes_of(ONE))
    assert [send.surface for send in pacer.plan(0.0).sends] == [ONE]
    pacer.throttled(ONE, 0.1, retry_after=40)
    offered(pacer, OTHER, lanes_of(OTHER))
    assert [send.surface for send in pacer.plan(0.2).sends] == [OTHER]
    pacer.succeeded(OTHER, 0.3)
    assert not pacer.plan(40.0).sends
    assert [send.surface for send in pacer.plan(40.2).sends] == [ONE]


def test_where_there_is_no_other_lane_it_rests_itself() -> None:
    pacer = Pacer()
    offered(pacer, ONE, (TENANT,))
    pacer.plan(0.0)
    pacer.throttled(ONE, 0.1, retry_after=40)
    offered(pacer, OTHER, (TENANT,))
    assert not pacer.plan(0.2).sends
