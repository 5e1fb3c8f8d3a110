"""A disk for the log alone, small enough to be filled up.

Where the harness may mount, the table of events is moved to a tablespace on a tmpfs of
its own, and that is filled: Postgres then cannot extend the table, and says so
(53100, disk_full). Where it may not mount (no root, some containers), a trigger on the
table raises the same error.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncpg

from bot.store.engine import dsn_of
from tests.crash.yard import AWAY, Yard, name_in

SIZE = "4m"
"""Of the disk. Postgres takes some of it for the empty table."""
_CHUNK = b"\0" * 4096
_TRIGGER = """
CREATE FUNCTION the_disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER the_disk_is_full BEFORE INSERT ON turn_event
FOR EACH STATEMENT EXECUTE FUNCTION the_disk_is_full();
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Where the events of one database go."""

    how: Literal["tmpfs", "trigger"]
    url: str
    folder: Path

    async def fill(self) -> None:
        """Leave no room."""
        if self.how == "tmpfs":
            await asyncio.to_thread(self._fill)
        else:
            await _execute(self.url, _TRIGGER)

    async def free(self) -> None:
        """Give the room back."""
        if self.how == "tmpfs":
            await asyncio.to_thread(self._filler.unlink, missing_ok=True)
        else:
            await _execute(self.url, "DROP TRIGGER the_disk_is_full ON turn_event")

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def _fill(self) -> None:
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(_CHUNK)


@asynccontextmanager
async def full_disk(yard: Yard, url: str) -> AsyncGenerator[Disk]:
    """Have a disk for a database's events; at the end the database is dropped.

    Args:
        yard: Whose server it is.
        url: The database.
    """
    name = name_in(url)
    folder = yard.folder / f"disk-{name}"
    await asyncio.to_thread(folder.mkdir)
    if not await _ran("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "disk", folder):
        yield Disk(how="trigger", url=url, folder=folder)
        return
    owner = await asyncio.to_thread(yard.data.stat)
    os.chown(folder, owner.st_uid, owner.st_gid)
    space = f"disk_{name}"
    try:
        await _execute(
            yard.server.url, f"CREATE TABLESPACE {space} LOCATION '{folder}'"
        )
        await _execute(url, f"ALTER TABLE turn_event SET TABLESPACE {space}")
        yield Disk(how="tmpfs", url=url, folder=folder)
    finally:
        # Also where the case failed: others restart Postgres, and it looks there then.
        with suppress(*AWAY):
            await yard.drop(url)
            await yard.patiently(
                lambda: _execute(yard.server.url, f"DROP TABLESPACE IF EXISTS {space}")
            )
        await _ran("umount", "-l", folder)


async def _execute(url: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn_of(url))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _ran(program: str, *arguments: str | Path) -> bool:
    """Return whether a program is there and could do it."""
    if shutil.which(program) is None:
        return False
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0
