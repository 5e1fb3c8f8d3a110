"""A small MCP server of meeting rooms, over standard input and output.

``python -m adapters.simulator.rooms.server``. It only looks: each room has the same
meetings every working day, and one cannot be booked, so something is always free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, TextContent
from pydantic import Field, JsonValue

from bot.clock import SystemClock

_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One room and its day."""

    name: str
    floor: int
    seats: int
    screen: bool
    taken: tuple[int, ...] = ()
    """The hours of a working day in which somebody meets there."""


ROOMS = (
    Room(name="Hypatia", floor=1, seats=4, screen=False, taken=(9, 11, 14)),
    Room(name="Lovelace", floor=1, seats=6, screen=True, taken=(10, 13, 15)),
    Room(name="Noether", floor=2, seats=8, screen=True, taken=(9, 10, 14, 16)),
    Room(name="Turing", floor=2, seats=12, screen=True, taken=(11, 13)),
    Room(name="Atrium", floor=0, seats=20, screen=False),
)


def free_rooms(now: datetime, people: int) -> Sequence[tuple[Room, int | None]]:
    """Return who has room for ``people`` now, the smallest first, and until what hour.

    Args:
        now: Local time.
        people: How many must find a seat.
    """
    taken = {r.name: r.taken if now.weekday() < _SATURDAY else () for r in ROOMS}
    return [
        (room, next((hour for hour in taken[room.name] if hour > now.hour), None))
        for room in ROOMS
        if room.seats >= people and now.hour not in taken[room.name]
    ]


server = MCPServer("rooms")


@server.tool()
async def free(
    people: Annotated[
        int, Field(ge=1, le=500, description="How many people need a seat.")
    ] = 1,
) -> CallToolResult:
    """Say which meeting rooms are free right now, and until when."""
    found = free_rooms(SystemClock().now().astimezone(), people)
    rooms: list[JsonValue] = [
        {
            "room": room.name,
            "floor": room.floor,
            "seats": room.seats,
            "screen": "yes" if room.screen else "no",
            "free_until": f"{until}:00" if until else "the end of the day",
        }
        for room, until in found
    ]
    names = ", ".join(room.name for room, _ in found)
    said = f"{names}." if found else f"No room has {people} seats free now."
    return CallToolResult(
        content=[TextContent(type="text", text=said)],
        structured_content={"rooms": rooms},
    )


if __name__ == "__main__":
    server.run()
