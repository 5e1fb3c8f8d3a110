"""The ruling of a tool that people have to agree to: who, and on exactly what.

Facts are the arguments as they are, one a line: nothing in them is a model's prose
about them. What is more than a person can check is refused.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from agents import policy
from agents.tools import sentences
from agents.tools.tool import Arguments, Setting, allow, hash_of
from bot.company.entries import StageRule
from bot.ports.agent import NeedsApproval, Refused, Ruling
from bot.protocol.values import Fact

Approval: TypeAlias = str | StageRule | Sequence[StageRule]
"""``"none"``, or who: ``"manager"``, ``"group:NAME"``, a person's id, or whole stages."""

WITHIN = 86_400.0
"""Seconds that somebody has to decide, where a tool does not say."""
MOST_TO_DECIDE = 1_500
"""Characters of arguments that a person can check on a card."""
MOST_FACTS = 12


def stages_of(approval: Approval) -> tuple[StageRule, ...]:
    """Return the stages that a short form stands for; none for ``"none"``."""
    if approval == "none":
        return ()
    if isinstance(approval, str):
        then = "escalate" if approval == "manager" else "expire"
        return (StageRule(by=approval, within=WITHIN, then=then),)
    return (approval,) if isinstance(approval, StageRule) else tuple(approval)


def rule_by(
    stages: Sequence[StageRule], step: Callable[[Setting, Arguments], str]
) -> Callable[[Setting, Arguments], Awaitable[Ruling]]:
    """Return the rule that ``stages`` have to agree to what ``step`` says."""
    if not stages:
        return allow

    async def rule(setting: Setting, arguments: Arguments) -> Ruling:
        name = setting.call.name
        staged = policy.staged_by(
            setting.company,
            tuple(stages),
            setting.person,
            name=name,
            today=setting.today,
        )
        if staged is None:
            reason = sentences.nobody_decides(setting.company, name)
            return Refused(reason=reason, policy=name)
        return await _ask(setting, arguments, step(setting, arguments), staged)

    return rule


async def _ask(
    setting: Setting, arguments: Arguments, step: str, staged: policy.Staged
) -> Ruling:
    given = arguments.model_dump(mode="json", exclude_none=True)
    shown = {name: _written(value) for name, value in given.items()}
    too_long = sum(map(len, shown.values())) > MOST_TO_DECIDE or len(shown) > MOST_FACTS
    if too_long:
        return Refused(reason=sentences.too_long_to_decide(setting.call.name))
    subject = sentences.asked_for(step, setting.person.name)
    for request in await setting.records.open_requests(
        setting.tenant, setting.person_id
    ):
        if request.subject == subject and request.turn_id != setting.call.turn_id:
            reason = sentences.asked_for_already(step, request)
            return Refused(reason=reason, policy=staged.policy)
    return NeedsApproval(
        subject=subject,
        facts=(
            Fact(label="Requested by", value=sentences.who(setting.person)),
            *(Fact(label=_label(arguments, n), value=v) for n, v in shown.items()),
        ),
        args_hash=hash_of(setting.call.name, arguments, setting.person_id),
        policy=staged.policy,
        stages=staged.stages,
    )


def _label(arguments: Arguments, name: str) -> str:
    title = type(arguments).model_fields[name].title
    return title or sentences.upper_first(name.replace("_", " "))


def _written(value: JsonValue) -> str:
    if isinstance(value, str):
        return value or "(empty)"
    return json.dumps(value, ensure_ascii=False)
