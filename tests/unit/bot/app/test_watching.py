"""The knowledge folder is followed: what changes there is written, once."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.app.watching import LOOK, KnowledgeWatch
from bot.company.file import ArticleFile
from bot.errors import StoreUnavailableError
from bot.store.knowledge import Written
from tests.support.manual_clock import ManualClock


class Shelves:
    """What was written, and whether writing works."""

    def __init__(self) -> None:
        self.written: list[dict[str, str]] = []
        self.again = asyncio.Event()
        self.away = False

    async def write(self, articles: Sequence[ArticleFile]) -> Written:
        if self.away:
            raise StoreUnavailableError("away")
        self.written.append({one.ref: one.body for one in articles})
        self.again.set()
        return Written(new=len(articles))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    (folder / "vpn.md").write_text("old", "utf-8")
    return folder


def touched(file: Path, text: str, *, age: int) -> None:
    """Write a file as if it had been written ``age`` seconds later than time began."""
    file.write_text(text, "utf-8")
    os.utime(file, ns=(0, age * 10**9))


async def test_a_change_is_written_once(folder: Path) -> None:
    shelves = Shelves()
    touched(folder / "vpn.md", "old", age=1)
    watch = KnowledgeWatch(folder, shelves.write, ManualClock())
    await watch.look()
    assert shelves.written == []
    touched(folder / "vpn.md", "new", age=2)
    await watch.look()
    await watch.look()
    assert shelves.written == [{"vpn": "new"}]


async def test_files_that_come_and_go_are_changes_and_hidden_ones_are_none(
    folder: Path,
) -> None:
    shelves = Shelves()
    watch = KnowledgeWatch(folder, shelves.write, ManualClock())
    for hidden in (folder / ".git", folder / "..2026_11_29"):
        hidden.mkdir()
        (hidden / "vpn.md").write_text("hidden", "utf-8")
    await watch.look()
    assert shelves.written == []
    (folder / "it").mkdir()
    (folder / "it" / "printer.md").write_text("paper", "utf-8")
    await watch.look()
    (folder / "vpn.md").unlink()
    await watch.look()
    assert shelves.written == [
        {"it/printer": "paper", "vpn": "old"},
        {"it/printer": "paper"},
    ]


async def test_a_folder_that_is_away_is_not_an_empty_one(folder: Path) -> None:
    shelves = Shelves()
    watch = KnowledgeWatch(folder, shelves.write, ManualClock())
    moved = folder.parent / "moved"
    shutil.move(folder, moved)
    await watch.look()
    assert shelves.written == []
    shutil.move(moved, folder)
    (folder / "vpn.md").unlink()
    await watch.look()
    assert shelves.written == [{}]


async def test_what_is_no_text_waits_for_a_change_and_removes_nothing(
    folder: Path,
) -> None:
    shelves = Shelves()
    watch = KnowledgeWatch(folder, shelves.write, ManualClock())
    (folder / "broken.md").write_bytes(b"\xff\xfe\x00")
    await watch.look()
    await watch.look()
    assert shelves.written == []
    (folder / "broken.md").write_text("mended", "utf-8")
    await watch.look()
    assert shelves.written == [{"broken": "mended", "vpn": "old"}]


async def test_what_could_not_be_written_is_tried_again(folder: Path) -> None:
    shelves = Shelves()
    watch = KnowledgeWatch(folder, shelves.write, ManualClock())
    (folder / "new.md").write_text("new", "utf-8")
    shelves.away = True
    await watch.look()
    shelves.away = False
    await watch.look()
    assert shelves.written == [{"new": "new", "vpn": "old"}]


async def test_it_looks_when_time_has_passed(folder: Path) -> None:
    shelves, clock = Shelves(), ManualClock()
    watch = KnowledgeWatch(folder, shelves.write, clock)
    running = asyncio.ensure_future(watch.run())
    await asyncio.sleep(0)  # it sleeps now
    (folder / "new.md").write_text("new", "utf-8")
    clock.advance(LOOK - 1)
    await asyncio.sleep(0)
    assert shelves.written == []
    clock.advance(1)
    await shelves.again.wait()
    assert shelves.written == [{"new": "new", "vpn": "old"}]
    running.cancel()
    await asyncio.wait([running])
