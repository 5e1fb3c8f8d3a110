"""How platforms say what they allow. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``count`` operations in any ``seconds``."""

    count: float
    seconds: float

    def __post_init__(self) -> None:
        if not (self.count > 0 and self.seconds > 0):
            raise ValueError(f"{self!r}: count and seconds must be positive")
