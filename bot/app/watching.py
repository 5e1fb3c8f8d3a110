"""Follow the knowledge folder: who changes an article need not restart anything.

Every replica follows its own copy of the folder, and writes only when that copy has
changed since it last looked; what is in the database already is not written again. So
replicas that see one change write it once, and one that has an old copy, because the
deploy has not reached it, undoes nothing while it runs. One that starts with an old
copy writes that: what a company rolls out, it rolls out before it restarts replicas.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.company.file import ArticleFile, article_from, files_in, ref_in
from bot.errors import DeskhandError
from bot.store.knowledge import Written

log = structlog.get_logger()

LOOK = 5.0
"""Seconds between two looks at the files' times and sizes."""

HINT = "Look whether the folder is there and the database is well; it is tried again."

_Prints: TypeAlias = tuple[tuple[str, int, int], ...]


class KnowledgeWatch:
    """Keeps the database at what the folder says.

    Args:
        folder: Where the articles are.
        write: Makes the folder's articles in the database what it is given.
        clock: Paces the looks.
    """

    def __init__(
        self,
        folder: Path,
        write: Callable[[Sequence[ArticleFile]], Awaitable[Written]],
        clock: Clock,
    ) -> None:
        self._folder = folder
        self._write = write
        self._clock = clock
        self._seen = _prints(folder)
        """What the files looked like when they were last written, or complained of."""

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._clock.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """Write what has changed; what cannot be read or written waits for a change.

        A folder that is not there, because a volume is being mounted, is no folder
        without articles: nothing is removed.
        """
        prints: _Prints | None = None
        try:
            prints = await asyncio.to_thread(_prints, self._folder)
            if prints is None or prints == self._seen:
                return
            articles = await asyncio.to_thread(_read, self._folder)
        except OSError as error:  # a volume comes or goes: the next look tells
            log.warning("knowledge.not_read", error=str(error), hint=HINT)
            return
        except DeskhandError as error:
            log.warning("knowledge.not_read", error=str(error), hint=error.hint)
            self._seen = prints
            return
        try:
            written = await self._write(articles)
        except (DeskhandError, SQLAlchemyError) as error:
            hint = error.hint if isinstance(error, DeskhandError) else HINT
            log.warning("knowledge.not_written", error=str(error), hint=hint)
            if isinstance(error, DeskhandError) and not error.retryable:
                self._seen = prints
            return
        self._seen = prints
        log.info(
            "knowledge.read",
            new=written.new,
            changed=written.changed,
            removed=written.removed,
        )


def _prints(folder: Path) -> _Prints | None:
    """Return names, times and sizes of the articles' files; ``None``: no folder."""
    if not folder.is_dir():
        return None
    found: list[tuple[str, int, int]] = []
    for file in files_in(folder, {".md"}):
        try:
            about = file.stat()
        except OSError:  # it has gone since it was listed
            continue
        found.append((str(file), about.st_mtime_ns, about.st_size))
    return tuple(found)


def _read(folder: Path) -> list[ArticleFile]:
    return [
        article_from(file, ref_in(folder, file)) for file in files_in(folder, {".md"})
    ]
