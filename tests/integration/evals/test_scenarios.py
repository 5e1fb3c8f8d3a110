"""All scenario files of ours with the scripted model, and files that are wrong."""

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.database import temporary_database
from tests.support.claude import ended, sse, start, streamed, text, tool
from tests.support.companies import BREWERY, HOSPITAL, SAMPLE
from tests.support.evals import played
from tests.support.postgres import Server

LEAST = {SAMPLE: 75, HOSPITAL: 25, BREWERY: 18}
"""How many the scripted model plays; those that need language are not among them."""


@pytest.mark.parametrize("company", LEAST, ids=["acme", "hospital", "brewery"])
async def test_the_scripted_model_passes_all_that_it_claims(
    company: Path, database_url: str
) -> None:
    results = await played(database_url, company)
    failed = {r.name: r.problems for r in results if r.status == "failed"}
    assert failed == {}
    assert sum(r.status == "passed" for r in results) >= LEAST[company]
    assert {r.skipped for r in results} <= {"", "a language model"}


WRONG = """
[[scenario]]
name = "effects"
steps = [
  { who = "maya.chen", says = "I need to be a Figma editor", hears = ["Elena Sato"] },
  { who = "noah.kim", decides = "approve" },
  { who = "priya.nair", decides = "approve", on = "monitor" },
  { who = "priya.nair", decides = "approve", counts = false },
]
[scenario.expect]
effects = [{ kind = "grant", what = "app/figma", grant = "viewer", lasts = "2d" }]
asks = [{ of = [["elena.sato"]], about = "Figma" }]
hands_to = ["hardware"]
refused = ["money"]
cites = ["vpn"]
says = ["a purple elephant"]
never_says = ["figma"]
ends = "waits"

[[scenario]]
name = "nothing is expected"
steps = [
  { who = "maya.chen", says = "I need to be a Figma editor" },
  { who = "priya.nair", decides = "approve" },
]
[scenario.expect]
refused = []

[[scenario]]
name = "no refusal is expected"
steps = [
  { who = "noah.kim", says = "give me access to payments-core" },
  { who = "noah.kim", stops = true },
]
[scenario.expect]
refused = []
"""


SAID = """\
step 1 (maya.chen says 'I need to be a Figma editor'): the answer lacks 'Elena Sato'; it
step 2 (noah.kim decides to approve): the decision does not count (not_entitled): You
step 3 (priya.nair decides to approve): no request about 'monitor' is open
step 4 (priya.nair decides to approve): the decision counts, and it must not
effect missing: grant app/figma viewer for maya.chen for 2 days, 0:00:00
effect not expected: grant app/figma editor for maya.chen
request missing: of elena.sato about 'Figma'
request not expected: of priya.nair, approved; its card is
refusal missing: 'money'; policy said nothing
must be handed to hardware; it was to software
the article 'vpn' must be cited; cited was none
the last answer lacks 'a purple elephant'; it is
an answer has 'figma' in it; the last is
it must end 'waits'; it ends 'done'
"""


async def test_each_wrong_expectation_is_told_in_a_sentence(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    effects, nothing, refusal = await played(database_url, SAMPLE, file)
    for told, begins in zip(effects.problems, SAID.splitlines(), strict=True):
        assert told.startswith(begins), told
    assert [p.partition(":")[0] for p in nothing.problems] == [
        *("effect not expected", "request not expected"),
    ]
    assert refusal.problems[0].endswith("there is nothing to stop")
    assert refusal.problems[1].startswith("refusal not expected: ")


async def test_what_does_not_come_to_rest_has_failed(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "slow.toml"
    file.write_text(
        '[[scenario]]\nname = "slow"\n'
        'steps = [{ who = "maya.chen", says = "hi there" }]\n'
    )
    [result] = await played(database_url, SAMPLE, file, patience=0.001)
    assert result.problems[0] == (
        "step 1 (maya.chen says 'hi there'): it did not come to rest within 0.001 seconds"
    )


UNDER_WAY = """
[[scenario]]
name = "nobody is asked"
steps = [
  { who = "maya.chen", says = "hi there" },
  { who = "maya.chen", says = "and you?", meanwhile = "hardware" },
]

[[scenario]]
name = "it is theirs"
steps = [
  { who = "maya.chen", says = "I need to be a Figma viewer" },
  { who = "maya.chen", stops = true, counts = false, meanwhile = "software" },
]

[[scenario]]
name = "it is not so late yet"
steps = [
  { who = "maya.chen", says = "I need to be a Figma editor" },
  { passes = "47h", hears = ["Elena Sato"] },
]
[scenario.expect]
asks = [{ of = [["priya.nair"]], fate = "open" }]
"""


async def test_what_is_not_so_meanwhile_or_later_is_told(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "under-way.toml"
    file.write_text(UNDER_WAY)
    unasked, theirs, early = await played(database_url, SAMPLE, file)
    assert unasked.problems == (
        "step 2 (maya.chen says 'and you?'): hardware was not asked anything before it",
    )
    assert theirs.problems == ("step 2 (maya.chen stops): it counts, and it must not",)
    [problem] = early.problems
    assert problem.startswith("step 2 (1 day, 23:00:00 pass): the answer lacks 'Elena")
    assert sum(early.waits) < 60, "nobody waits for what passes"


GONE = """
[[scenario]]
name = "gone"
steps = [{ who = "honza", says = "I'd like to be a host in Chromalux" }]
[scenario.expect]
effects = [{ kind = "grant", what = "chroma", grant = "host" }]
"""


async def test_on_the_day_that_a_file_names_who_has_left_is_still_there(
    postgres_server: Server, tmp_path: Path
) -> None:
    company = shutil.copytree(BREWERY.parent, tmp_path / "brewery") / "company.toml"
    temporary = 'employment = "brigáda"'
    text = company.read_text("utf-8")
    company.write_text(text.replace(temporary, f"{temporary}\nends = 2021-02-28"))
    told = {}
    for day in ("2021-02-28", "2021-03-01"):
        file = tmp_path / f"{day}.toml"
        file.write_text(f"today = {day}\n{GONE}")
        async with temporary_database(postgres_server.url, "eval") as url:
            [result] = await played(url, company, file)
        told[day] = result.problems
    assert told == {
        "2021-02-28": (),
        "2021-03-01": ("effect missing: grant chroma host for honza",),
    }


@asynccontextmanager
async def speaking(called: str, **arguments: str) -> AsyncGenerator[str]:
    """Give the URL of a model that calls one tool, and then says one sentence."""

    async def answer(request: web.Request) -> web.StreamResponse:
        question: dict[str, Any] = await request.json()
        last = question["messages"][-1]["content"]
        if any(block["type"] == "tool_result" for block in last):
            said = sse(start(), *text(0, "In the **portal**."), *ended("end_turn"))
        else:
            call = tool(0, called, json.dumps(arguments))
            said = sse(start(), *call, *ended("tool_use"))
        return await streamed(said)(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


async def test_a_language_model_plays_what_needs_one_and_its_tokens_are_counted(
    database_url: str,
) -> None:
    file = SAMPLE.parent / "evals/questions.toml"
    query = "aparcar en la oficina de Madrid"
    async with speaking("search_knowledge", query=query) as claude:
        [result] = await played(
            database_url, SAMPLE, file, only="Spanish", claude=claude
        )
    # This one never says how many places there are.
    assert [p.split(";")[0] for p in result.problems] == [
        "the last answer lacks 'doce | 12'"
    ]
    [used] = result.used.values()
    assert result.asks == 2
    assert used.input_tokens > 0
    assert used.output_tokens > 0


DOORS = """
from agents.tools.declare import tool
from agents.tools.tool import Arguments, Setting
from bot.ports.agent import ToolResult

class Door(Arguments):
    name: str

@tool(effect="once", approval="manager")
async def open_door(setting: Setting, arguments: Door) -> ToolResult:
    '''Open a door.'''
    raise AssertionError("a scenario must open no door")
"""
OPENED = """
[[scenario]]
name = "expected"
steps = [
  { who = "zdenek", says = "the cellar door please" },
  { who = "bozena", decides = "approve" },
]
[scenario.expect]
effects = [{ kind = "call", what = "open_door", says = ["cellar"] }]
asks = [{ of = [["bozena"]], fate = "approved" }]

[[scenario]]
name = "not expected"
steps = [
  { who = "zdenek", says = "the cellar door please" },
  { who = "bozena", decides = "approve" },
]
[scenario.expect]
asks = [{ of = [["bozena"]] }]

[[scenario]]
name = "rejected"
steps = [
  { who = "zdenek", says = "the cellar door please" },
  { who = "bozena", decides = "reject" },
]
[scenario.expect]
asks = [{ of = [["bozena"]] }]
"""


async def test_a_tool_of_the_companys_own_is_let_run_in_name_only(
    database_url: str, tmp_path: Path
) -> None:
    company = shutil.copytree(BREWERY.parent, tmp_path / "brewery")
    (company / "tools").mkdir()
    (company / "tools/doors.py").write_text(DOORS)
    file = company / "company.toml"
    with file.open("a") as toml:
        toml.write('\n[agents.coordinator]\ntools = ["open_door"]\n')
    shutil.rmtree(company / "evals")
    (company / "evals").mkdir()
    (company / "evals/doors.toml").write_text(OPENED)
    async with speaking("open_door", name="cellar") as claude:
        results = await played(database_url, file, claude=claude)
    call = """call open_door for zdenek saying '{"name": "cellar"}'"""
    assert [r.problems for r in results] == [
        (),
        (f"effect not expected: {call}",),
        (),
    ]
