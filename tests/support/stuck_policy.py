"""A bot in which nobody ever rules on a hand-off: it can be killed before that.

``python -m tests.support.stuck_policy serve …``. It logs ``hand_off.stuck`` once the
model's wish to hand over is committed.
"""

import asyncio

import structlog

from bot.cli import main
from bot.engine.acting import Actor
from bot.engine.runner import Runner
from bot.turn.state import Call

log = structlog.get_logger()


def _get_stuck() -> None:
    rule = Actor.rule

    async def stuck(self: Actor, runner: Runner, call: Call) -> None:
        if call.handoff_to:
            await runner.written()
            log.warning("hand_off.stuck", to=call.handoff_to)
            await asyncio.Event().wait()
        await rule(self, runner, call)

    Actor.rule = stuck


if __name__ == "__main__":
    _get_stuck()
    main()
