"""Tables of the other pages against the code they describe."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from agents.roster import shipped
from agents.tools.own import own_tools
from agents.tools.registry import TOOLS
from bot.company import model
from bot.company.limits import HandOffs, Price, Purse
from bot.company.model import Company
from bot.company.servers import McpTool
from bot.company.tickets import TicketQueue
from bot.engine.telemetry import Telemetry
from bot.ports.agent import NeedsApproval
from bot.store.columns import metadata
from bot.store.schema import turn
from bot.store.schema_knowledge import knowledge_article
from bot.store.schema_pushed import pushed_person
from bot.store.schema_records import audit
from tests.support.companies import SAMPLE, company_at, desk_of, records_of
from tests.support.pages import blocks_in, code_of, page, rows_in, sections_in, spans_in

COMPANY, AGENTS_PAGE = page("docs/company-file.md"), page("docs/agents.md")


@pytest.mark.parametrize(
    ("section", "described"),
    [
        ("`[company]`", [model.About]),
        ("`[[people]]`", [model.Person]),
        ("`[[resources]]`", [model.Resource]),
        ("`[[policies]]`", [model.Policy, model.StageRule]),
        ("`[tools]`", [model.Tools]),
        ("`[limits]`", [model.SpendingLimits]),
        ("`[mcp.NAME]`", [model.McpServer]),
        ("`[mcp.NAME.tools.TOOL]`", [McpTool]),
        ("`[systems.NAME]`", [model.System]),
        ("`[scim]`", [model.Scim]),
        ("`[tickets]`", [model.Tickets]),
    ],
)
def test_every_key_of_the_company_file_is_described(
    section: str, described: list[type[BaseModel]]
) -> None:
    rows = list(rows_in(sections_in(COMPANY)[section], "key"))
    fields = {name: f for m in described for name, f in m.model_fields.items()}
    assert [code_of(row[0]) for row in rows] == list(fields)
    for name, default, _ in rows:
        assert (default == "required") == fields[code_of(name)].is_required(), name
        if code_of(default):
            stated = fields[code_of(name)].default
            assert code_of(default) in {str(stated), str(stated).lower()}, name


def test_the_small_tables_of_the_company_file_are_named() -> None:
    named = set(spans_in(COMPANY))
    small = (model.When, model.AgentEntry, model.Knowledge, Purse, Price, HandOffs)
    for table in (*small, TicketQueue):
        assert set(table.model_fields) <= named
    assert {f"[{name}]" for name in ("company", "groups", "knowledge")} <= named


def test_the_examples_of_the_company_file_are_a_company() -> None:
    company = Company.model_validate(
        tomllib.loads("\n".join(blocks_in(COMPANY, "toml")))
    )
    assert set(company.model_fields_set) == set(Company.model_fields)


def test_the_agents_page_has_every_agent_and_tool() -> None:
    agents = [code_of(row[0]) for row in rows_in(AGENTS_PAGE, "agent")]
    assert agents == list(shipped())
    tools = {code_of(row[0]): code_of(row[1]) for row in rows_in(AGENTS_PAGE, "tool")}
    assert tools == {tool.name: tool.effect for tool in TOOLS.values()}
    assert {f"ask_{name}" for name in agents[1:]} <= set(spans_in(AGENTS_PAGE))


async def test_the_example_of_a_tool_is_one(tmp_path: Path) -> None:
    [example] = blocks_in(AGENTS_PAGE, "python")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "badges.py").write_text(example, "utf-8")
    company = company_at(SAMPLE)
    look, give = (own.tool for own in own_tools(company, tmp_path))
    assert (look.name, give.name) == ("look_at_door", "open_door")
    assert look.schema()["required"] == ["door"]
    records = records_of(SAMPLE)
    desk = desk_of(SAMPLE, "maya.chen", records, more=(look, give))
    call = desk.call("open_door", {"door": "lab"})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert ruling.subject == "Opening the door lab for Maya Chen"
    assert ruling.stages[0].approvers[0].name == "Priya Nair"
    done = await desk.agents.run(replace(call, approved=ruling.args_hash))
    assert done.cards[0].title == "Access granted"
    seen = await desk.agents.run(desk.call("look_at_door", {"door": "lab"}))
    assert seen.content == {"door": "lab", "opens": True}
    vault = await desk.agents.run(desk.call("open_door", {"door": "vault"}))
    assert vault.outcome == "failed"


def test_every_metric_is_described() -> None:
    rows = rows_in(page("docs/production.md"), "metric")
    described = {code_of(row[0]): row[1] for row in rows}
    exported = {family.name: family for family in Telemetry().registry.collect()}
    assert set(described) == set(exported)


def test_every_table_is_described() -> None:
    assert turn.metadata is audit.metadata is metadata
    assert knowledge_article.metadata is pushed_person.metadata is metadata
    text = sections_in(page("docs/store.md"))["Tables"]
    named = {name for row in rows_in(text, "tables") for name in spans_in(row[0])}
    assert named == set(metadata.tables)
