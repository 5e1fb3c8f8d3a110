"""The companies that tests work for, with agents on records in memory."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agents.build import build_agents
from agents.tools.registry import AnyTool
from bot.clock import SystemClock
from bot.company.file import load_articles, load_company
from bot.company.model import Company
from tests.support.agent_turns import Desk
from tests.support.records import MemoryRecords

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "adapters/simulator/acme/company.toml"
HOSPITAL = ROOT / "tests/companies/hospital/company.toml"
BREWERY = ROOT / "tests/companies/brewery/company.toml"


@cache
def company_at(path: Path) -> Company:
    """Return a company file, read once."""
    return load_company(path)


def records_of(path: Path, company: Company | None = None) -> MemoryRecords:
    """Return fresh records of a company, with its articles."""
    company = company or company_at(path)
    return MemoryRecords(company=company, articles=load_articles(company, path))


def desk_of(
    path: Path,
    person: str,
    records: MemoryRecords | None = None,
    more: Sequence[AnyTool] = (),
) -> Desk:
    """Return a person's chat with the scripted agents of a company."""
    records = records or records_of(path)
    agents = build_agents(
        records.company, records, SystemClock(), words_per_second=0, more=more
    )
    return Desk(agents=agents, records=records, person=person)
