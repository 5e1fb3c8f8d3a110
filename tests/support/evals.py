"""Scenario files, played on a real Postgres as ``deskhand eval`` does."""

from collections.abc import Sequence
from pathlib import Path

from agents.build import build_agents
from agents.evals.file import load_scenarios
from agents.evals.own import held_back
from agents.evals.pausing import Pauses
from agents.evals.results import Result
from agents.evals.run import run
from agents.tools.own import own_tools
from bot.app.trial import trials_on
from bot.clock import Clock
from bot.company.file import load_company
from bot.company.model import Company
from bot.ports.agent import Agents
from bot.ports.records import Records


async def played(
    url: str,
    company_file: Path,
    *files: Path,
    only: str = "",
    patience: float = 240,
    claude: str = "",
) -> Sequence[Result]:
    """Return what scenarios of a company showed.

    Args:
        url: A database of the server where they have theirs.
        company_file: Whose they are.
        files: Empty: those beside the company file.
        only: What must be in their names.
        patience: Seconds that each may take.
        claude: The URL of who answers as Anthropic's API does; empty: the script.
    """
    company = load_company(company_file)
    more = [held_back(own.tool) for own in own_tools(company, company_file.parent)]
    own = [tool.name for tool in more]
    told = load_scenarios(company, company_file, files, only, own=own)

    def agents(
        company: Company, records: Records, clock: Clock, pauses: Pauses
    ) -> Agents:
        return build_agents(
            company,
            records,
            clock,
            anthropic_api_key="sk-ant-test" if claude else "",
            anthropic_base_url=claude,
            words_per_second=0,
            more=more,
            through=pauses.through,
        )

    return await run(
        trials_on(url, company, company_file, agents, today=told[0].today),
        told,
        jobs=4,
        patience=patience,
        has_language=bool(claude),
    )
