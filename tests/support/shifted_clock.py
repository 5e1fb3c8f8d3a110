"""The bot on a machine whose clock is wrong.

``python -m tests.support.shifted_clock SECONDS serve …``: the clock is ahead by so
many seconds, or behind. Only what the time is called changes; it passes as always.
"""

import sys
from datetime import datetime, timedelta

from bot.cli import main
from bot.clock import SystemClock


def set_clock(seconds: float) -> None:
    """Let this process believe that it is ``seconds`` later."""
    right = SystemClock.now

    def wrong(self: SystemClock) -> datetime:
        return right(self) + timedelta(seconds=seconds)

    SystemClock.now = wrong


if __name__ == "__main__":
    set_clock(float(sys.argv[1]))
    main(sys.argv[2:])
