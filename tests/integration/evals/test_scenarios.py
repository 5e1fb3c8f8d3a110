"""All scenario files of ours with the scripted model, and files that are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.claude import ended, sse, start, streamed, text, tool
from tests.support.companies import BREWERY, HOSPITAL, SAMPLE
from tests.support.evals import played

LEAST = {SAMPLE: 61, HOSPITAL: 21, BREWERY: 14}
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
    assert result.problems == ("it did not come to rest within 0.001 seconds",)


async def test_a_language_model_plays_what_needs_one_and_its_tokens_are_counted(
    database_url: str,
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        question: dict[str, Any] = await request.json()
        last = question["messages"][-1]["content"]
        if any(block["type"] == "tool_result" for block in last):
            said = sse(start(), *text(0, "In the **portal**."), *ended("end_turn"))
        else:
            call = json.dumps({"query": "aparcar en la oficina de Madrid"})
            said = sse(start(), *tool(0, "search_knowledge", call), *ended("tool_use"))
        return await streamed(said)(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        url = str(server.make_url("")).rstrip("/")
        file = SAMPLE.parent / "evals/questions.toml"
        [result] = await played(database_url, SAMPLE, file, only="Spanish", claude=url)
    finally:
        await server.close()
    # This one never says how many places there are.
    assert [p.split(";")[0] for p in result.problems] == [
        "the last answer lacks 'doce | 12'"
    ]
    [used] = result.used.values()
    assert result.asks == 2
    assert used.input_tokens > 0
    assert used.output_tokens > 0
