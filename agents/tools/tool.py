"""What a tool is: a typed function, with what must be known of it before it runs.

A tool is declared as data beside its function. Its arguments are a pydantic model,
so a model that makes up a field is told so in plain words. Who asks is never an
argument: it is ``setting.person``, bound by the platform's verified identity.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bot.company.entries import StageRule
from bot.company.model import Company, Person
from bot.ports.agent import Allowed, Call, Ruling, ToolResult
from bot.ports.records import Effect as Happened
from bot.ports.records import Records
from bot.ports.systems import AccessSystem
from bot.ports.tickets import TicketSystem
from bot.protocol.ids import PersonId, TenantId
from bot.protocol.values import Effect

MAX_TITLE = 90
"""Characters of a step's title; longer ones are cut."""


class Arguments(BaseModel):
    """Base of all tools' arguments: closed, so that made-up fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class NoArguments(Arguments):
    """Nothing to say."""


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where a tool is: whose company, which records, whose call."""

    company: Company
    records: Records
    call: Call
    person: Person
    """The requester, as the directory knows them."""
    systems: Mapping[str, AccessSystem] = field(default_factory=dict[str, AccessSystem])
    """Those of the company that are connected, by name."""
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Who the requester is in each of the company's systems, by the company file and what was pushed."""
    desk: TicketSystem | None = None
    """Where tickets go; ``None``: into our records alone."""

    @property
    def tenant(self) -> TenantId:
        """Whose rows these are."""
        return self.call.tenant_id

    @property
    def person_id(self) -> PersonId:
        """Who asks."""
        return self.person.id

    @property
    def today(self) -> date:
        """The day on which contracts are judged."""
        return self.call.now.date()


def everywhere(company: Company) -> bool:
    """Say yes, whatever the company."""
    del company
    return True


def always(company: Company, arguments: Arguments) -> bool:
    """Say yes, whatever the call."""
    del company, arguments
    return True


async def allow(setting: Setting, arguments: Arguments) -> Ruling:
    """Let everybody who is known use the tool."""
    del setting, arguments
    return Allowed()


async def do_nothing(setting: Setting, arguments: Arguments) -> ToolResult:
    """Fail, because a hand-off opens a frame instead of running."""
    del arguments
    return failed(f"{setting.call.name} did not run", "A hand-off does not run itself.")


def problems_of(error: ValidationError) -> str:
    """Return what is wrong with arguments, in plain words."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'the arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False)
    )


def hash_of(tool: str, arguments: Arguments, person_id: PersonId) -> str:
    """Return the fingerprint of exactly this call: an approval is for nothing else."""
    document = json.dumps(
        {
            "tool": tool,
            "arguments": arguments.model_dump(mode="json", exclude_none=True),
            "requester": person_id,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(document.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[A]):
    """One tool's declaration."""

    name: str
    description: str
    """For the model: when to use it, and what it cannot do."""
    arguments: type[A]
    effect: Effect
    timeout: float = 10.0
    """Seconds."""
    limit: int = 0
    """Characters of an answer that a model is given; 0: as the company file says."""
    about: str = ""
    """What it does in few words, where the description says more."""
    phrases: tuple[str, ...] = ()
    """How people ask the scripted model for it; words in braces become arguments."""
    approval: tuple[StageRule, ...] = ()
    """Who has to agree, where ``rule`` asks just them: checked when the bot starts."""
    handoff_to: str = ""
    has_use: Callable[[Company], bool] = everywhere
    """Whether a company has a use for it; else no agent of theirs is given it."""
    running: Callable[[Company, A], str]
    """How the step reads while it runs; the result says how it reads after."""
    rule: Callable[[Setting, A], Awaitable[Ruling]] = allow
    run: Callable[[Setting, A], Awaitable[ToolResult]] = do_nothing
    recall: Callable[[Setting, A, Happened], ToolResult | None] | None = None
    """Returns the result of an effect found in the ledger, or ``None`` when there are
    no words left for it; without `recall`, the tool leaves nothing there to find."""
    settle: Callable[[Setting, A], Awaitable[ToolResult | None]] | None = None
    """Finds out elsewhere than in the ledger whether a call that was cut off happened.
    Its answer must be final; ``None``: nobody can tell, as without it and `recall`."""
    elsewhere: Callable[[Company, A], bool] = always
    """Whether a call is one for `settle`, where there is also `recall`."""
    fingerprint: Callable[[str, A, PersonId], str] | None = hash_of
    """What an approval must be for when the call runs; ``None``: ``run`` looks itself."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments."""
        return self.arguments.model_json_schema()

    def title(self, company: Company, arguments: dict[str, JsonValue]) -> str:
        """Return how the step reads while it runs, whatever the arguments are."""
        try:
            text = self.running(company, self.arguments.model_validate(arguments))
        except ValidationError:
            text = " ".join(self.name.replace("_", " ").split()).capitalize()
        return text if len(text) <= MAX_TITLE else text[: MAX_TITLE - 1] + "…"


def failed(title: str, sentence: str, *, status: str = "not_done") -> ToolResult:
    """Return the result of something that certainly did not happen."""
    return ToolResult(
        outcome="failed",
        title=title,
        content={"status": status, "sentence": sentence},
    )


def found(title: str, content: JsonValue) -> ToolResult:
    """Return the result of looking something up."""
    return ToolResult(outcome="done", title=title, content=content)
