from itertools import pairwise

from hypothesis import given

from bot.engine.projection import projection_of
from bot.ports.rows import Claim
from bot.protocol.events import UnknownEvent
from bot.protocol.ids import ConversationId, TenantId
from bot.turn.decide import wake_at
from tests.support.plays import Play, plays

CLAIM = Claim(
    tenant_id=TenantId("t"), conversation_id=ConversationId("c"), fence=1, address=None
)


@given(plays())
def test_a_deadline_that_moves_away_is_never_left_in_the_row(play: Play) -> None:
    for (before, after), recorded in zip(pairwise(play.steps), play.log, strict=True):
        assert not isinstance(recorded.event, UnknownEvent)
        was, now = wake_at(before), wake_at(after)
        if was and (now is None or now > was):
            written = projection_of(CLAIM, before, [recorded.event], recorded.at)
            assert written, "the sweeper would take it from an owner who works"
