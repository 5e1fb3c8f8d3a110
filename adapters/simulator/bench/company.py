"""A company of any size to measure with, and the things its people say.

Everybody is in Slack and in Teams under the same number; requests for a decision
reach managers in Teams.
"""

import json
from collections.abc import Iterator
from pathlib import Path

QUESTION = "How do I print at the office?"
"""Answered from the one article: about `ANSWER_WORDS` words, streamed."""
GREETING = "Hello!"
"""Answered at once, in some twenty words, without any tool."""
APPS = ("Sketchpad", "Paintbox", "Scoreboard", "Soundtrack", "Storybook")
"""Things to ask for: whoever wants one needs their manager, and the turn parks."""

ANSWER_WORDS = 700
STAFF_PER_MANAGER = 5

_SENTENCE = (
    "To print at the office you send the document to the printer that is nearest to "
    "the desk at which you happen to work on that day of the week"
)
_FRAME = """\
[company]
name = "Benchmark"

{people}
{apps}
[[policies]]
name = "Editing needs the manager"
resource = "app/*"
approval = [{{ by = "manager", within = "48h", then = "expire" }}]

[knowledge]
folder = "articles"
"""


_APP = """\
[[resources]]
id = "app/{id}"
kind = "software"
name = "{name}"
owner = "m0"
grants = ["viewer", "editor"]
specialist = "software"
"""


def wish_for(app: str) -> str:
    """Return what somebody says who needs one of `APPS`."""
    return f"I need to be a {app} editor"


def staff_id(number: int) -> str:
    """Return the directory id of the employee with this number."""
    return f"p{number}"


def slack_id(number: int) -> str:
    """Return the Slack user id of the employee with this number."""
    return f"U0P{number:06d}"


def write_company(folder: Path, *, staff: int) -> Path:
    """Write a company with ``staff`` employees, their managers and one article.

    Returns:
        The company file.
    """
    articles = folder / "articles"
    articles.mkdir(parents=True, exist_ok=True)
    (articles / "printing.md").write_text(_article(), "utf-8")
    file = folder / "company.toml"
    people = "\n".join(_people(staff))
    apps = "\n".join(_APP.format(id=app.lower(), name=app) for app in APPS)
    file.write_text(_FRAME.format(people=people, apps=apps), "utf-8")
    return file


def _people(staff: int) -> Iterator[str]:
    for number in range(-(-staff // STAFF_PER_MANAGER)):
        yield _person(f"m{number}", f"U0M{number:06d}", f"4000-8000-1{number:011d}", "")
    for number in range(staff):
        manager = f"m{number // STAFF_PER_MANAGER}"
        entra = f"4000-8000-0{number:011d}"
        yield _person(staff_id(number), slack_id(number), entra, manager)


def _person(person: str, slack: str, entra: str, manager: str) -> str:
    fields = {
        "id": person,
        "name": f"Person {person}",
        "email": f"{person}@benchmark.example",
        "department": "Work",
        "slack": slack,
        "entra": f"0be9c400-0000-{entra}",
        "reach_on": "teams",
        **({"manager": manager} if manager else {}),
    }
    # A JSON string is a TOML string too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(["[[people]]", *lines, ""])


def _article() -> str:
    words = len(_SENTENCE.split())
    body = " ".join(f"{_SENTENCE}." for _ in range(ANSWER_WORDS // words))
    return f"---\ntitle: Printing at the office\n---\n\n{body}\n"
