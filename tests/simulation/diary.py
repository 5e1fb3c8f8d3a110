"""What happens in a simulated world, for whoever reads of a seed that failed."""

from tests.simulation.loop import SimLoop


class Diary:
    """Lines with when and who; put into words only when somebody reads them."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop
        self._lines: list[tuple[float, str, str, tuple[object, ...]]] = []

    def write(self, who: str, what: str, *about: object) -> None:
        """Take note of something; ``about`` is put into the braces of ``what``."""
        self._lines.append((self._loop.time(), who, what, about))

    def told(self) -> list[str]:
        """Return everything in words, oldest first."""
        return [
            f"  {at:.3f} {who}: {what.format(*about)}"
            for at, who, what, about in self._lines
        ]
