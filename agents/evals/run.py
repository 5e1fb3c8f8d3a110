"""Run scenarios side by side, each in a tenant of its own, and judge each."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from agents.evals.file import Told
from agents.evals.heard import answer_of, card_text, full_text
from agents.evals.house import House
from agents.evals.judge import Asked, Outcome, judged
from agents.evals.own import pretended
from agents.evals.play import Played, play
from agents.evals.results import Result
from agents.evals.scenario import LANGUAGE
from bot.protocol.ids import TenantId
from bot.turn.spending import together, used_by


async def run(
    open_house: Callable[[], AbstractAsyncContextManager[House]],
    told: Sequence[Told],
    *,
    jobs: int,
    patience: float,
    has_language: bool,
    done: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Return what each scenario showed, in their order.

    Args:
        open_house: Opens an engine: one for all, and one more for each scenario in
            which time passes, because it passes for everybody in the house.
        told: The scenarios.
        jobs: How many at once.
        patience: Seconds that one step of a scenario may take to come to rest.
        has_language: Whether the model is a language model.
        done: Told of each as it is over.
    """
    places = asyncio.Semaphore(jobs)
    results: dict[int, Result] = {}

    async def one(house: House, number: int, told: Told) -> None:
        needs = told.scenario.needs
        if needs == LANGUAGE and not has_language:
            result = Result(name=told.name, skipped=needs, used={})
        else:
            async with places:
                tenant = TenantId(f"eval-{number}")
                if told.scenario.passes:
                    async with open_house() as own:
                        result = await _result(own, tenant, told, patience)
                else:
                    result = await _result(house, tenant, told, patience)
            if not has_language:  # what a script writes is no cost of anybody
                result = replace(result, used={})
        results[number] = result
        done(result)

    async with open_house() as house, asyncio.TaskGroup() as tasks:
        for number, scenario in enumerate(told, 1):
            tasks.create_task(one(house, number, scenario))
    return [results[number] for number in sorted(results)]


async def _result(
    house: House, tenant: TenantId, told: Told, patience: float
) -> Result:
    played = await play(house, tenant, told.scenario, patience=patience)
    problems = judged(told.scenario.expect, _outcome(house, told, played))
    return Result(
        name=told.name,
        problems=(*played.problems, *problems),
        asks=sum(len(frame.replies) for t in played.turns for frame in t.frames),
        used=together(*map(used_by, played.turns)),
        waits=tuple(played.waits),
    )


def _outcome(house: House, told: Told, played: Played) -> Outcome:
    asked = [
        Asked(
            stages=tuple(
                tuple(approver.person_id for approver in stage.approvers)
                for stage in approval.stages
            ),
            subject=approval.subject,
            card=card_text(turn, approval.approval_id, house),
            fate=approval.status,
            reminded=len(approval.reminders),
        )
        for turn in played.turns
        for approval in turn.approvals
    ]
    return Outcome(
        turns=played.turns,
        answers=[full_text(turn, house) for turn in played.turns],
        said=answer_of(played.turns[-1]) if played.turns else "",
        asked=asked,
        happened=[*played.happened, *pretended(played.turns)],
        asker=told.scenario.steps[0].who,
    )
