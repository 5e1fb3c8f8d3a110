"""Wake-ups for new mail: here at once, elsewhere right after, never in the commit.

Postgres lets only one transaction that has notified commit at a time, to the end of
its write to disk: at 200 messages a second, that is what they would wait for. So the
messages' own transactions do not notify. Their conversations are told of afterwards,
many in one transaction that waits for no disk. Should the process die in between,
nobody is woken, and everybody looks a moment later anyway.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import StoreUnavailableError
from bot.protocol.ids import ConversationId, TenantId
from bot.store.direct import direct
from bot.store.engine import connect
from bot.store.wake import MAIL_CHANNEL, notice_of, parse_notice

log = structlog.get_logger()

_tell = direct(
    """
    SELECT set_config('synchronous_commit', 'off', true),
           pg_notify(CAST(:channel AS text), notice)
    FROM unnest(CAST(:notices AS text[])) AS notice
    """
)


class Notices:
    """Wakes whoever should look at a conversation; see `Notices.run`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._hear: Callable[[ConversationId], None] | None = None
        self._waiting: dict[str, None] = {}
        self._news = asyncio.Event()
        self._echoes: Counter[str] = Counter()
        """What we told others and will hear ourselves."""

    @property
    def open(self) -> bool:
        """Whether anybody here listens, and tells others."""
        return self._hear is not None

    def tell(self, tenant: TenantId, conversation_id: ConversationId) -> None:
        """Wake whoever should look; what they should see is committed."""
        if self._hear:
            self._hear(conversation_id)
        self._waiting[notice_of(tenant, conversation_id)] = None
        self._news.set()

    def hear(self, notice: str) -> None:
        """Take a notice from Postgres, which may be an echo of our own."""
        if self._echoes[notice] > 0:
            self._echoes[notice] -= 1
        elif self._hear:
            self._hear(parse_notice(notice)[1])
        if not self._echoes[notice]:
            del self._echoes[notice]

    def reconnected(self) -> None:
        """Expect no echoes: what was told until now is heard no more."""
        self._echoes.clear()

    async def run(self, hear: Callable[[ConversationId], None]) -> None:
        """Call ``hear`` for what is told here, and tell others, until cancelled."""
        self._hear = hear
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                waiting, self._waiting = self._waiting, {}
                await _to_its_end(self._tell_others(list(waiting)))
        finally:
            self._hear = None

    async def _tell_others(self, notices: list[str]) -> None:
        self._echoes.update(notices)
        try:
            async with connect(self._engine) as conn:
                await _tell.all(conn, channel=MAIL_CHANNEL, notices=notices)
        except StoreUnavailableError as error:
            self._echoes.subtract(notices)
            log.warning(
                "notices.lost", error=str(error), hint="They look by themselves."
            )


async def _to_its_end(short: Coroutine[None, None, None]) -> None:
    """Let a short statement end also when its caller is cancelled.

    Cancelled, it would end no sooner: the driver asks Postgres over a second connection.
    """
    task = asyncio.ensure_future(short)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
