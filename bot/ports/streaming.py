"""Messages that grow by themselves: a platform's native streaming, as one more lane.

A stream is a faster way to show a message, never the only one: what is shown is always
a function of the turn's state, an open stream is only how the next bit gets there.
Whatever happens to it (its time is up, an answer is lost, its owner dies), it is
closed, and the same message goes on with edits. So a stream needs no history of its
own: the receipt says that it is open, and whoever finds it open closes it.
"""

from typing import Literal, Protocol

from bot.pacing.lanes import Lane
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address

StreamOperation = Literal["open", "append", "close"]


class Streams(Protocol):
    """A platform's native streaming. Implemented beside `bot.ports.surface.Platform`."""

    def suits(self, to: Address, payload: Payload) -> bool:
        """Whether a message for ``payload`` can be streamed there. Pure."""
        ...

    def lanes(self, operation: StreamOperation, to: Address) -> tuple[Lane, ...]:
        """Return every budget that the operation draws one token from."""
        ...

    def extends(self, shown: Payload, payload: Payload) -> bool:
        """Whether a stream that shows ``shown`` can come to show ``payload``. Pure.

        If not, it is closed and the message edited.
        """
        ...

    def recall(self, receipt: Receipt, surface: SurfaceId) -> None:
        """Take note of whose message this is, which another process posted.

        Where a stream carries no mark while it is open, it is told apart so.
        """

    async def open(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        """Show a new message that grows; its receipt's ``stream`` says until when.

        Raises:
            StreamRefusedError: Not here; post instead. Nothing was shown.
            RateLimitedError: Nothing was shown; try after ``error.retry_after`` s.
            AmbiguousSendError: It may have been shown.
            PlatformError: The platform refused; nothing was shown.
        """
        ...

    async def append(
        self, receipt: Receipt, payload: Payload, *, shown: Payload
    ) -> Receipt:
        """Let the message show ``payload``, which extends ``shown``.

        Raises:
            StreamOverError: It is closed already; edit the message.
            StoppedByPersonError: Somebody pressed the platform's own Stop.
            RateLimitedError: Nothing changed; try after ``error.retry_after`` s.
            AmbiguousSendError: It may have grown. Never append again: close and edit.
            MessageGoneError: Somebody deleted it.
            PlatformError: The platform refused.
        """
        ...

    async def close(
        self, receipt: Receipt, payload: Payload | None, *, shown: Payload | None
    ) -> Receipt:
        """End the stream; the message can be edited from then on.

        Args:
            receipt: Of the message.
            payload: What it is to show in the end, if that extends ``shown``, or if
                nobody knows what it shows: a platform that cannot tell then either
                closes it without, and says `StreamOverError`.
            shown: What it shows; ``None`` when nobody knows.

        Returns:
            The receipt without a stream. Closing what is closed is harmless.

        Raises:
            StreamOverError: It was closed already: ``payload`` may not be shown.
            RateLimitedError: Nothing changed; try after ``error.retry_after`` s.
            AmbiguousSendError: It may be closed; closing again is harmless.
            MessageGoneError: Somebody deleted it.
            PlatformError: The platform refused.
        """
        ...
