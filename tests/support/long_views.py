"""Long answers, and the views of their pages as a turn that writes them would show."""

from dataclasses import replace

from bot.view.nodes import TurnView
from bot.view.pages import pages_of

_PARAGRAPH = (
    "Open **the portal**, choose *VPN* and see [the guide](https://vpn.example/a?b=1). "
    "If it asks for a code, take the one in the app; ~~not the one by mail~~. "
    "Write <!channel> or <at>everyone</at> to nobody. "
)
LONG_ANSWERS = {
    "prose": "\n\n".join(
        f"## Part {n}\n\n{_PARAGRAPH}{_PARAGRAPH}" for n in range(1, 9)
    ),
    "fence": "Run this:\n\n```sh\n"
    + "".join(f"vpn connect --site site-{n} && echo '<done>'\n" for n in range(90))
    + "```\n\nThen **sign in**.",
    "list": "Do this:\n\n"
    + "".join(
        f"{n}. Step {n}: open **the app** and wait until it is green.\n"
        "   - It may take a minute.\n"
        for n in range(1, 45)
    )
    + "\nThat is all.",
    "table": "What it costs:\n\n| Thing | Cost | Who |\n|:--|--:|---|\n"
    + "".join(f"| Thing {n} | {n} EUR | `team-{n}` |\n" for n in range(110))
    + "\nThat is **all**.",
}


def views_of(text: str, *, streaming: bool = False) -> list[TurnView]:
    """Return a view of each page."""
    pages = pages_of(text, streaming=streaming)
    views = [
        TurnView(
            headline="",
            mood="running" if streaming else "done",
            text=page.text,
            streaming=streaming and not page.complete,
            summary="Continued",
        )
        for page in pages
    ]
    return [replace(views[0], headline="Here you go", mood="done"), *views[1:]]
