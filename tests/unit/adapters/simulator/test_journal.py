"""Who waits for something in the journal is told what came instead."""

import pytest

from adapters.simulator.journal import Journal
from bot.clock import SystemClock


async def test_who_waited_in_vain_reads_what_was_awaited_and_what_came() -> None:
    journal = Journal(SystemClock())
    for number in range(20):
        journal.record("api", method=f"call {number}")
    with pytest.raises(TimeoutError) as told:
        await journal.until(lambda: False, within=0.01, awaited="a stream")
    said = str(told.value)
    assert said.startswith("a stream did not happen within 0.01 s; the newest of 20")
    assert "call 19" in said
    assert "call 2'" not in said, "only the end"


async def test_what_has_happened_is_not_waited_for() -> None:
    journal = Journal(SystemClock())
    change = journal.record("api")
    assert await journal.until(lambda: journal.after(0), within=0) == [change]
