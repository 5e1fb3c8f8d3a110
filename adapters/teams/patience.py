"""How long to wait when Teams says "later" and not when. Pure, but for its memory.

Longer after each refusal in a row, and a little longer still by the conversation's
name, so that conversations refused together do not come back together.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

import zlib
from collections import OrderedDict

from adapters.teams import limits


class Patience:
    """The refusals in a row of each conversation."""

    def __init__(self) -> None:
        self._refused: OrderedDict[str, int] = OrderedDict()

    def refused(self, conversation: str, first: float) -> float:
        """Return the seconds to wait; ``first`` is what one refusal is worth."""
        count = self._refused.pop(conversation, 0)
        self._refused[conversation] = count + 1
        while len(self._refused) > limits.CONVERSATIONS_REMEMBERED:
            self._refused.popitem(last=False)
        wait = min(limits.LONGEST_BACKOFF, first * 2.0 ** min(count, 16))
        share = zlib.crc32(f"{conversation}/{count}".encode()) / 2**32
        return wait * (1 + limits.JITTER * share)

    def done(self, conversation: str) -> None:
        """Take note that a request was carried out."""
        self._refused.pop(conversation, None)
