"""``deskhand eval``: play scenario files with any model, and say how many come out."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agents.build import build_agents
from agents.evals.file import Told, load_scenarios
from agents.evals.own import held_back
from agents.evals.pausing import Pauses
from agents.evals.results import Report, Result
from agents.evals.run import run as run_scenarios
from agents.tools.own import own_tools
from bot.app.database import embedded_postgres
from bot.app.trial import trials_on
from bot.clock import Clock, SystemClock
from bot.commands.logs import set_up_logs
from bot.company.file import load_company
from bot.company.model import Company
from bot.errors import ConfigError
from bot.ports.agent import Agents
from bot.ports.records import Records
from bot.settings import ModelSettings, load_settings

SCRIPTED = "scripted"
_BAR = 24


async def run(options: argparse.Namespace) -> int:
    """Play the scenarios; 1 where fewer pass than must."""
    set_up_logs("text", quiet=True)
    settings = load_settings(os.environ)
    company_file: Path = options.company or settings.company_file
    company = load_company(company_file)
    more = [held_back(own.tool) for own in own_tools(company, company_file.parent)]
    told = load_scenarios(
        company,
        company_file,
        options.files,
        options.only,
        own=[tool.name for tool in more],
    )
    told = [replace(one, time=n) for one in told for n in range(1, options.times + 1)]
    model = _model(settings.model, options.model)

    def agents(
        company: Company, records: Records, clock: Clock, pauses: Pauses
    ) -> Agents:
        return build_agents(
            company,
            records,
            clock,
            anthropic_api_key=model.api_key,
            anthropic_base_url=model.base_url,
            model=model.model,
            fallback="" if options.model else model.fallback,
            summaries=model.summaries,
            words_per_second=0,
            more=more,
            through=pauses.through,
        )

    clock = SystemClock()
    began = clock.monotonic()
    async with embedded_postgres((settings.home / "evals").absolute()) as server:
        results = await run_scenarios(
            trials_on(server, company, company_file, agents, today=told[0].today),
            told,
            jobs=options.jobs,
            patience=options.patience,
            has_language=bool(model.api_key),
            done=_progress(told),
        )
    report = Report(
        company=company.company.name,
        model=model.model if model.api_key else "the scripted model",
        results=results,
        seconds=clock.monotonic() - began,
        limits=company.limits,
    )
    return _say(report, options)


def _say(report: Report, options: argparse.Namespace) -> int:
    sys.stdout.write(report.as_table())
    if options.json:
        options.json.write_text(report.as_json(), "utf-8")
    rate = report.pass_rate
    return 0 if rate is not None and rate >= options.at_least else 1


def _model(settings: ModelSettings, name: str) -> ModelSettings:
    """Return who speaks.

    Raises:
        ConfigError: A language model is named, and there is no key for it.
    """
    if name == SCRIPTED:
        return replace(settings, api_key="")
    if name and not settings.api_key:
        problem = f"ANTHROPIC_API_KEY is not set, which {name!r} needs; set it"
        raise ConfigError("--model", [problem])
    return replace(settings, model=name or settings.model)


def _progress(told: list[Told]) -> Callable[[Result], None]:
    """Return what draws a bar for people who look at a terminal."""
    if not sys.stderr.isatty():
        return lambda _: None
    counts = {"passed": 0, "failed": 0, "skipped": 0}

    def draw(result: Result) -> None:
        counts[result.status] += 1
        over = sum(counts.values())
        filled = _BAR * over // len(told)
        bar = "█" * filled + "░" * (_BAR - filled)
        failed = f", {counts['failed']} failed" if counts["failed"] else ""
        end = "\n" if over == len(told) else ""
        sys.stderr.write(f"\r\x1b[K{bar} {over} of {len(told)}{failed}{end}")
        sys.stderr.flush()

    return draw
