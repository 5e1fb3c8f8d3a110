"""How many scenarios there are, and what they are about, is as the page says."""

from pathlib import Path

import pytest

from agents.evals.file import Told, load_scenarios
from agents.evals.scenario import LANGUAGE
from agents.roster import roster_of
from tests.support.companies import BREWERY, HOSPITAL, ROOT, SAMPLE, company_at

COMPANIES = (SAMPLE, HOSPITAL, BREWERY)
PAGE = ROOT / "docs/evals.md"


def ours(company: Path) -> list[Told]:
    return load_scenarios(company_at(company), company, [])


@pytest.mark.parametrize("company", COMPANIES, ids=["acme", "hospital", "brewery"])
def test_the_page_counts_each_companys_scenarios(company: Path) -> None:
    told = ours(company)
    folder = (company.parent / "evals").relative_to(ROOT)
    [row] = [
        line for line in PAGE.read_text("utf-8").splitlines() if str(folder) in line
    ]
    needing = sum(one.scenario.needs == LANGUAGE for one in told)
    assert [cell.strip() for cell in row.split("|")][3:5] == [
        *(str(len(told)), str(needing)),
    ]


def test_the_page_says_how_many_the_scripted_model_plays() -> None:
    played = [
        one for c in COMPANIES for one in ours(c) if one.scenario.needs != LANGUAGE
    ]
    assert f"all {len(played)} that it plays" in PAGE.read_text("utf-8")
    assert len(played) >= 60


def test_every_specialist_has_scenarios() -> None:
    worked = {
        agent
        for company in COMPANIES
        for one in ours(company)
        for agent in one.scenario.expect.hands_to or ()
    }
    assert worked == {s.name for s in roster_of(company_at(SAMPLE)).specialists}
