"""What to click in the first minute: questions that show what the bot does.

They are data. A company brings its own in ``suggestions.toml`` beside its company
file; for one that does not, some are made from its people, catalog and policies.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.company.model import Company, Person, Policy, Resource
from bot.errors import ConfigError
from bot.protocol.ids import PersonId, PlatformName


class Suggestion(BaseModel):
    """One question and who asks it where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: PersonId
    platform: PlatformName
    text: str
    hint: str = ""
    """What to look out for."""
    where: Literal["direct", "channel"] = "direct"
    """Slack only: the bot's direct messages, or the help channel."""
    follows: bool = False
    """Said in the thread of what this person asked last."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    suggestions: tuple[Suggestion, ...]


def load_suggestions(path: Path, company: Company) -> Sequence[Suggestion]:
    """Return what ``path`` suggests, or what the company's data does without it.

    Raises:
        ConfigError: The file is there but wrong.
    """
    if not path.exists():
        return tuple(_made_from(company))
    source = f"suggestions file {path}"
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        found = _File.model_validate(document).suggestions
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(source, [f"is not TOML: {error}"]) from error
    except ValidationError as error:
        raise ConfigError(source, [problem["msg"] for problem in error.errors()]) from (
            error
        )
    unknown = [
        f"{s.person!r} is not among the people"
        for s in found
        if company.person(s.person) is None
    ]
    if unknown:
        raise ConfigError(source, unknown)
    return found


def _made_from(company: Company) -> Iterator[Suggestion]:
    seen: set[str] = set()
    for resource in company.resources:
        for asker in company.people:
            outcome = _outcome(company, asker, resource)
            if outcome and outcome not in seen and asker.id != resource.owner:
                seen.add(outcome)
                yield Suggestion(
                    person=asker.id,
                    platform=asker.reach_on,
                    text=f"I need {resource.name}",
                    hint=outcome,
                )
                break


def _outcome(company: Company, asker: Person, resource: Resource) -> str:
    """Return what will come of it, as a hint; empty when that is not clear."""
    policy = next((p for p in company.policies if _covers(p, asker, resource)), None)
    if policy is None or policy.approval == "deny":
        return "Policy says no, and whom to ask instead"
    if policy.approval == "none":
        return "Policy allows it: granted at once"
    manager = company.person(asker.manager or "")
    if policy.approval[0].by != "manager" or manager is None:
        return ""
    place = "Teams" if manager.reach_on == "teams" else "Slack"
    return f"{asker.name} asks, the manager decides in {place}"


def _covers(policy: Policy, asker: Person, resource: Resource) -> bool:
    named = policy.resource in (resource.id, "*") or (
        policy.resource.endswith("*")
        and resource.id.startswith(policy.resource.removesuffix("*"))
    )
    when = policy.when
    return (
        named
        and (not when.department or asker.department in when.department)
        and (not when.employment or asker.employment in when.employment)
        and (
            when.price_below is None
            or (resource.price is not None and resource.price < when.price_below)
        )
        and (not policy.grants or resource.grants[:1] == policy.grants[:1])
    )
