"""Run a part of the benchmark as a process of its own, which ends with the benchmark.

Such a process reads one JSON document from its standard input and writes one to its
standard output; what else it has to say goes to standard error.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from adapters.simulator.last_words import last_words
from bot.errors import DeskhandError


class ApartError(DeskhandError):
    """A process of the benchmark did not end as it should."""

    hint = "Run the benchmark again; if it stays, look at what it wrote."


async def run_apart(
    module: str,
    order: Mapping[str, object],
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401 - a document of any shape
    """Run ``python -m module``, give it ``order`` and return its answer.

    Args:
        module: What to run.
        order: A JSON object.
        log: Where its standard error is appended; ``None``: to ours.
        environment: Its whole environment; ``None``: ours.

    Raises:
        ApartError: It failed.
    """
    with ExitStack() as stack:
        errors = stack.enter_context(log.open("ab")) if log else None
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=environment,
            # Ctrl+C is for whoever started us; we end this process ourselves.
            start_new_session=True,
        )
    try:
        answer, _ = await process.communicate(json.dumps(order).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ApartError(
            f"{module} ended with status {process.returncode}"
            + (f"; it wrote {log}{last_words(log)}" if log else "")
        )
    return json.loads(answer)
