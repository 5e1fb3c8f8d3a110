"""Begin a turn, and load one from the log."""

from functools import reduce

import structlog
from pydantic import ValidationError

from bot.engine.kit import Kit
from bot.engine.letters import Letter
from bot.engine.log import Also
from bot.engine.projection import projection_of
from bot.ports.rows import Claim
from bot.ports.store import Store, Transaction
from bot.protocol.codec import decode
from bot.protocol.events import Recorded, TurnEvent, TurnFailed, TurnStarted
from bot.protocol.ids import TenantId, TurnId, turn_id_for
from bot.protocol.values import Requester
from bot.turn.reduce import advance
from bot.turn.snapshot import checksum_of, thaw
from bot.turn.state import TurnState

log = structlog.get_logger()

HISTORY = 6
"""Earlier turns of the conversation that a new one knows of."""


async def begin_turn(
    kit: Kit, claim: Claim, letter: Letter, consumed: Also
) -> TurnState:
    """Start a turn with what somebody said; the mail is consumed with it."""
    assert letter.address is not None, "what is said comes from somewhere"
    now = kit.clock.now()
    turn_id = turn_id_for(claim.tenant_id, claim.conversation_id, letter.said_key)
    person = letter.person_id
    known = await kit.records.open_requests(claim.tenant_id, person) if person else ()
    async with kit.store.begin("turn.history") as tx:
        history = await tx.past_turns(
            claim.tenant_id, claim.conversation_id, person, HISTORY
        )
    started = TurnStarted(
        tenant_id=claim.tenant_id,
        requester=Requester(person_id=person, name=letter.person_name),
        address=letter.address,
        text=letter.text,
        open_requests=tuple(known),
        history=tuple(history),
    )
    events: list[TurnEvent] = [started]
    if not person:
        events.append(TurnFailed(code="stranger"))

    async def create(tx: Transaction) -> None:
        await tx.create_turn(
            claim,
            turn_id=turn_id,
            requester=started.requester,
            text=letter.text,
            at=now,
        )

    new = TurnState(turn_id=turn_id)
    recorded = await kit.writer.append(
        claim,
        turn_id,
        events,
        first_seq=1,
        before=(create,),
        also=(consumed, *projection_of(claim, new, events, now)),
        at=now,
        point="turn.begin",
    )
    return reduce(advance, recorded, new)


async def load_state(
    store: Store, tenant: TenantId, turn_id: TurnId
) -> TurnState | None:
    """Return a turn as the log has it; ``None`` when there is no such turn.

    A snapshot whose checksum does not hold is not believed: the state is rebuilt
    from the events.
    """
    async with store.begin("turn.load") as tx:
        return await read_state(tx, tenant, turn_id)


async def read_state(
    tx: Transaction, tenant: TenantId, turn_id: TurnId
) -> TurnState | None:
    """As `load_state`, in the caller's transaction."""
    state = TurnState()
    if (snapshot := await tx.load_snapshot(tenant, turn_id)) is not None:
        state = _believed(snapshot.state, snapshot.checksum, turn_id) or state
    recorded = [
        Recorded(turn_id=turn_id, seq=seq, at=at, event=decode(body))
        for seq, at, body in await tx.load_events(tenant, turn_id, after=state.seq)
    ]
    state = reduce(advance, recorded, state)
    return state if state.seq else None


def _believed(body: str, checksum: str, turn_id: TurnId) -> TurnState | None:
    if checksum_of(body) == checksum:
        try:
            return thaw(body)
        except ValidationError:
            pass
    log.error("snapshot.damaged", turn_id=turn_id, hint="Rebuilt from the events.")
    return None
