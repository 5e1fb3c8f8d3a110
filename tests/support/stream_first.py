"""Let a bot begin as a stream whatever message can be one.

Left to itself the pacer begins none in Teams: Teams counts a stream's parts as it
counts edits, and takes fewer of them. Run as a program it is the bot, with that changed.
"""

from dataclasses import replace

from bot.cli import main
from bot.engine.exhibit import Exhibit
from bot.engine.showing import Showing
from bot.pacing.way import Use, Way

PROGRAM = ("-m", "tests.support.stream_first", "serve")
"""What Python runs as such a bot."""


def streams_first(offered: tuple[Way, ...]) -> tuple[Way, ...]:
    """Leave the way that begins a stream alone for progress, where there is one.

    A turn that has ended before anything of it could be shown is posted: no stream
    begins with a last word.
    """
    if not any(way.name == "open" for way in offered):
        return offered
    return tuple(
        way if way.name == "open" else replace(way, use=Use.ENDING) for way in offered
    )


def _stream_always() -> None:
    plain = Showing.ways

    def ways(showing: Showing, exhibit: Exhibit) -> tuple[Way, ...]:
        return streams_first(plain(showing, exhibit))

    setattr(Showing, "ways", ways)  # noqa: B010 - in place of its method


if __name__ == "__main__":
    _stream_always()
    main()
