"""Tools of a company's own, of many kinds, for the scripted model to understand."""

from datetime import date
from typing import Literal

from pydantic import Field

from agents.tools.declare import tool
from agents.tools.registry import AnyTool
from agents.tools.tool import Arguments, NoArguments, Setting, found
from bot.ports.agent import ToolResult


class Door(Arguments):
    """Which door."""

    door: str = Field(min_length=1, description="The door's name, as on its sign.")


class Numbered(Arguments):
    """Which one."""

    number: int = Field(description="Its number.")


class Rooms(Arguments):
    """For how many, where and when."""

    people: int
    floor: int | None = None
    day: date | None = None


class Lunch(Arguments):
    """What and when."""

    dish: Literal["soup", "big-salad"]
    day: date


class Colleague(Arguments):
    """Whose."""

    colleague: str


class Announcement(Arguments):
    """Two texts."""

    headline: str
    text: str


def _said(arguments: Arguments) -> ToolResult:
    return found("Looked", {"status": "found", **arguments.model_dump(mode="json")})


@tool(effect="read", step="Looking at the door {door}")
async def look_at_door(setting: Setting, arguments: Door) -> ToolResult:
    """Say whether the requester's badge opens a door."""
    del setting
    return found("Looked", {"door": arguments.door, "opens": arguments.door == "lobby"})


@tool(effect="idempotent", approval="manager", step="Opening the door {door}")
async def open_door(setting: Setting, arguments: Door) -> ToolResult:
    """Let the requester's own badge open a door. Their manager is asked first."""
    del setting
    return _said(arguments)


@tool(effect="read")
async def read_page(setting: Setting, arguments: Numbered) -> ToolResult:
    """Read a page of the intranet."""
    del setting
    return _said(arguments)


@tool(effect="read")
async def read_ticket(setting: Setting, arguments: Numbered) -> ToolResult:
    """Read a ticket of the requester."""
    del setting
    return _said(arguments)


@tool(effect="read")
async def find_free_rooms(setting: Setting, arguments: Rooms) -> ToolResult:
    """Say which meeting rooms are free."""
    del setting
    return _said(arguments)


@tool(effect="once", approval="none", phrases=["hungry for {dish}"])
async def order_lunch(setting: Setting, arguments: Lunch) -> ToolResult:
    """Order lunch from the canteen."""
    del setting
    return _said(arguments)


@tool(effect="read")
async def phone_number(setting: Setting, arguments: Colleague) -> ToolResult:
    """Say the phone number of a colleague."""
    del setting
    return _said(arguments)


@tool(effect="once", approval="manager")
async def announce(setting: Setting, arguments: Announcement) -> ToolResult:
    """Announce a text on the screens in the canteen."""
    del setting
    return _said(arguments)


@tool(effect="read")
async def server_load(setting: Setting, arguments: NoArguments) -> ToolResult:
    """Say how busy the build servers are."""
    del setting
    return _said(arguments)


SHED: tuple[AnyTool, ...] = (
    look_at_door,
    open_door,
    read_page,
    read_ticket,
    find_free_rooms,
    order_lunch,
    phone_number,
    announce,
    server_load,
)
