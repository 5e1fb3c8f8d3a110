"""A company's own tools: loaded from files and modules, or refused with reasons."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from agents.roster import roster_of
from agents.toolbox import toolbox_of
from agents.tools.asking import stages_of
from agents.tools.declare import tool
from agents.tools.own import own_tools
from agents.tools.tool import Arguments, NoArguments, Setting, found
from bot.company.entries import StageRule
from bot.company.model import AgentEntry, Company, Tools
from bot.errors import ConfigError
from bot.ports.agent import Allowed, NeedsApproval, Refused, ToolResult
from bot.redaction import HIDDEN
from tests.support.companies import SAMPLE, company_at, desk_of, records_of

HEAD = """
from agents.tools.declare import tool
from agents.tools.tool import Arguments, NoArguments, Setting, found
from bot.ports.agent import ToolResult
"""
GOOD = f"""{HEAD}
from agents.tools.who_am_i import who_am_i

@tool(effect="read")
async def look_at_door(setting: Setting, arguments: NoArguments) -> ToolResult:
    '''Look at a door.'''
    return found("Looked", {{"open": True}})
"""


def written(folder: Path, **files: str) -> Path:
    (folder / "tools").mkdir()
    for name, text in files.items():
        (folder / "tools" / f"{name}.py").write_text(text, "utf-8")
    return folder


def problems_of(folder: Path, company: Company | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        own_tools(company or company_at(SAMPLE), folder)
    return "\n".join(caught.value.problems)


def test_a_company_without_tools_has_none(tmp_path: Path):
    assert own_tools(company_at(SAMPLE), tmp_path) == ()


def test_a_file_beside_the_company_file_joins_and_an_agent_gets_it_by_name(
    tmp_path: Path,
):
    [own] = own_tools(company_at(SAMPLE), written(tmp_path, doors=GOOD))
    assert (own.tool.name, own.place) == ("look_at_door", "tools/doors.py")
    agents = {"security": AgentEntry(tools=("look_at_door",))}
    company = company_at(SAMPLE).model_copy(update={"agents": agents})
    box = toolbox_of(company, roster_of(company), (own.tool,))
    assert own.tool in box.offered["security"]
    assert own.tool not in box.offered["software"]
    with pytest.raises(ConfigError, match="look_at_door"):
        toolbox_of(company, roster_of(company))


def test_an_installed_module_joins_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "own_doors.py").write_text(GOOD, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    tools = Tools(modules=("own_doors",))
    company = company_at(SAMPLE).model_copy(update={"tools": tools})
    try:
        [own] = own_tools(company, tmp_path)
    finally:
        sys.modules.pop("own_doors", None)
    assert own.place == "module own_doors"
    missing = company.model_copy(update={"tools": Tools(modules=("not_there",))})
    assert "module not_there: ModuleNotFoundError" in problems_of(tmp_path, missing)


def test_all_that_is_wrong_is_said_at_once_with_its_place(tmp_path: Path):
    asking = "@tool(effect='once', approval='group:nobody')"
    body = (
        "(setting: Setting, arguments: NoArguments) -> ToolResult:\n    '''Do it.'''\n"
    )
    folder = written(
        tmp_path,
        broken="x = (\n",
        empty="",
        raising="a = 1\nraise RuntimeError('no password=hunter2 here')\n",
        silent=f"{HEAD}\n@tool(effect='once')\nasync def act{body}",
        ours=f"{HEAD}\n@tool(effect='read')\nasync def who_am_i{body}",
        hand_off=f"{HEAD}\n@tool(effect='read')\nasync def ask_software{body}",
        nobody=f"{HEAD}\n{asking}\nasync def act_on_it{body}",
        one=GOOD,
        two=GOOD.replace("Look at", "See"),
        _ignored="x = (\n",
    )
    said = problems_of(folder)
    assert "tools/broken.py: line 1: '(' was never closed" in said
    assert "tools/empty.py: there is no tool in it" in said
    assert f"raising.py: line 2: RuntimeError: no password={HIDDEN} here" in said
    assert "act: it changes something, so say who has to agree" in said
    assert "who_am_i is the name of one of ours" in said
    assert "ask_software is the name of one of ours" in said
    assert "act_on_it: there is no group:nobody" in said
    assert "two.py: there are two tools called look_at_door" in said
    assert len(said.splitlines()) == 8


class Door(Arguments):
    door: str = ""
    keys: tuple[str, ...] = ()


async def no_words(setting: Setting, arguments: Door) -> ToolResult:
    return found("", {"who": setting.person_id, "door": arguments.door})


async def Loud(setting: Setting, arguments: Door) -> ToolResult:  # noqa: N802 - on purpose
    """Shout."""
    return await no_words(setting, arguments)


async def untyped(setting: Setting, arguments: str) -> ToolResult:
    """Take anything."""
    return await no_words(setting, Door(door=arguments))


async def worded(setting: Setting, arguments: Door) -> ToolResult:
    """Do something with a door."""
    return await no_words(setting, arguments)


def test_a_function_that_cannot_be_a_tool_is_told_why():
    for function, said in (
        (no_words, "its docstring"),
        (Loud, "no tool's name"),
        (untyped, "annotate arguments"),
    ):
        with pytest.raises(TypeError, match=said):
            tool(effect="read")(function)  # pyright: ignore[reportArgumentType] - on purpose
    with pytest.raises(TypeError, match="names window"):
        tool(effect="read", step="At the {window}")(worded)
    with pytest.raises(TypeError, match="not both"):
        tool(effect="once", approval="none", rule=ruled)(worded)


async def ruled(setting: Setting, arguments: Door) -> Allowed:
    return Allowed(policy=f"{setting.person_id} {arguments.door}")


def test_a_step_is_worded_by_its_template():
    made = tool(effect="read", step="At the {door}")(worded)
    assert made.title(company_at(SAMPLE), {"door": "lab"}) == "At the lab"
    assert made.description == "Do something with a door."
    assert tool(effect="read")(worded).title(company_at(SAMPLE), {}) == "Worded"


def test_who_agrees_may_be_said_in_short():
    stage = StageRule(by="group:security", within=60)
    assert stages_of("none") == ()
    assert stages_of("manager")[0].then == "escalate"
    assert stages_of("group:security")[0].by == "group:security"
    assert stages_of(stage) == stages_of((stage,)) == (stage,)


async def test_whoever_decides_sees_every_argument_and_only_that_call_runs():
    made = tool(effect="once", approval="manager", step="Open the {door}")(worded)
    desk = desk_of(SAMPLE, "maya.chen", records_of(SAMPLE), more=(made,))
    call = desk.call("worded", {"door": "lab", "keys": ["a", "b"]})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert [(f.label, f.value) for f in ruling.facts] == [
        ("Requested by", "Maya Chen (Product designer, Design)"),
        ("Door", "lab"),
        ("Keys", '["a", "b"]'),
    ]
    approved = ruling.args_hash
    assert (await desk.agents.run(replace(call, approved=approved))).outcome == "done"
    other = replace(call, arguments={"door": "vault"}, approved=approved)
    result = await desk.agents.run(other)
    assert result.outcome == "failed" and "not what was approved" in str(result.content)


async def test_more_than_a_person_can_check_and_nobody_to_ask_are_refused():
    made = tool(effect="once", approval="manager")(worded)
    desk = desk_of(SAMPLE, "maya.chen", records_of(SAMPLE), more=(made,))
    ruling = await desk.agents.rule(desk.call("worded", {"door": "x" * 1_600}))
    assert isinstance(ruling, Refused) and "too long" in ruling.reason
    [first, *_] = [p.id for p in company_at(SAMPLE).people if p.manager is None]
    desk = desk_of(SAMPLE, first, records_of(SAMPLE), more=(made,))
    ruling = await desk.agents.rule(desk.call("worded", {}))
    assert isinstance(ruling, Refused) and "there is nobody" in ruling.reason


@tool(effect="read", limit=600)
async def talk(setting: Setting, arguments: NoArguments) -> ToolResult:
    """Say far too much, and a secret."""
    del setting, arguments
    said: dict[str, JsonValue] = {
        "sentence": "The key is sk-ant-api03-aaaaaaaaaaaaaaaaaaaa, keep it.",
        "text": "word " * 1_000,
    }
    return found("Found postgres://bot:hunter2@db/x", said)


async def test_an_answer_loses_its_secrets_and_what_is_too_long():
    desk = desk_of(SAMPLE, "maya.chen", records_of(SAMPLE), more=(talk,))
    result = await desk.agents.run(desk.call("talk", {}))
    assert result.title == f"Found postgres://bot:{HIDDEN}@db/x"
    assert isinstance(result.content, dict)
    assert result.content["sentence"] == f"The key is {HIDDEN}, keep it."
    assert "characters" in str(result.content["cut"])
    assert len(str(result.content)) < 650
