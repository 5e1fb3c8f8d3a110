"""Who works here now: the company as policies see it.

The company file says it at the start; an identity provider may push people and groups
while the bot runs. Whoever decides by people asks here, each time.
"""

from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from bot.company.model import Company


class Staff(Protocol):
    """The company, as it is now."""

    @property
    def known(self) -> Company:
        """The company as it was last read; good for words, not for decisions."""
        ...

    async def company(self) -> Company:
        """Return the company with everybody who is in it now."""
        ...


@dataclass(frozen=True, slots=True)
class AsWritten(Staff):
    """Nobody is pushed: the file is all there is."""

    file: Company

    @property
    @override
    def known(self) -> Company:
        return self.file

    @override
    async def company(self) -> Company:
        return self.file
