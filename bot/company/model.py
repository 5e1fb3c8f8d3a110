"""The company file's format: who works here, what there is, who decides.

Pure data with the checks that need no I/O. `bot.company.file` reads it from disk.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, PrivateAttr, field_validator, model_validator

from bot.company.entries import Entry as _Entry
from bot.company.entries import Seconds, StageRule, key_of
from bot.company.limits import SpendingLimits
from bot.company.servers import McpServer, ServerName, problems_of_servers
from bot.company.systems import ScimPath, Segment, System, SystemName
from bot.company.tickets import Tickets, problems_of_tickets
from bot.protocol.ids import PersonId, PlatformName


class About(_Entry):
    """The company itself."""

    name: str = Field(min_length=1)
    help_channel: str = ""
    timezone: str = "UTC"
    """In which times are written for people: a name of the IANA database."""

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"{name!r} is no time zone known here; write one such as "
                "'Europe/Madrid' (if it is right, install the package tzdata)"
            ) from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)


class Person(_Entry):
    """An employee or contractor."""

    id: PersonId
    name: str
    email: str
    title: str = ""
    department: str = ""
    manager: PersonId | None = None
    slack: str = ""
    """Slack user id; empty: matched by e-mail."""
    entra: str = ""
    """Entra object id; empty: matched by e-mail."""
    reach_on: PlatformName = "slack"
    """Where requests for a decision go."""
    employment: str = "employee"
    starts: date | None = None
    ends: date | None = None
    roles: tuple[str, ...] = ()
    accounts: dict[SystemName, Segment] = Field(default_factory=dict)
    """Who they are in each system, by its name in this file."""


class Resource(_Entry):
    """Something people can ask for."""

    id: str
    kind: str
    name: str
    aliases: tuple[str, ...] = ()
    owner: PersonId
    grants: tuple[str, ...] = ()
    """From the smallest to the largest; empty for things that are ordered."""
    monthly_cost: dict[str, float] = Field(default_factory=dict)
    price: float | None = None
    currency: str = "EUR"
    seats: int | None = None
    stock: int | None = None
    delivery: str = ""
    sensitive: bool = False
    longest: Seconds | None = None
    """Seconds after which access ends by itself."""
    specialist: str
    system: str = ""
    """Where its grants are given; empty: in Deskhand's own records alone."""
    targets: dict[str, Segment] = Field(default_factory=dict)
    """For each grant what its holders are members of there, e.g. a team."""


class When(_Entry):
    """What a policy tests of the requester and the price. All must hold."""

    department: tuple[str, ...] = ()
    employment: tuple[str, ...] = ()
    price_below: float | None = None


class Policy(_Entry):
    """One rule; the first that matches decides."""

    name: str
    resource: str
    """A resource's id; ``*`` at the end matches any rest."""
    grants: tuple[str, ...] = ()
    """Empty: every grant."""
    when: When = When()
    approval: Literal["none", "deny"] | tuple[StageRule, ...]


class AgentEntry(_Entry):
    """One agent: a whole declaration, or what a company changes in one that is there.

    What is empty is as declared elsewhere, or has its default.
    """

    title: str = ""
    """One or two words, as shown on its steps."""
    does: str = ""
    """For the coordinator: when to hand over; continues "who …"."""
    tools: tuple[str, ...] = ()
    """Names. The tools that ask for the things which the company file assigns to this
    agent are added."""
    hands_to: tuple[str, ...] = ()
    """Specialists to whom it may hand over. None: nobody; the coordinator: everybody."""
    model: str = ""
    """Model to use instead of the configured one."""
    fallback: str = ""
    """Model to use where that one fails, instead of the configured one."""
    thinking: Literal["", "off", "low", "medium", "high"] = ""
    """How much its model thinks before it answers; off, unless something else is said."""
    asks: int = Field(default=0, ge=0)
    """How often it may ask its model in one task; 0: the default."""
    tokens: int = Field(default=0, ge=0)
    """How many tokens one task may use; 0: no limit of its own."""
    prompt: str = ""
    """What it is told, in Markdown."""
    greeting: str = ""
    instructions: str = ""
    """Added to the prompt."""
    _places: dict[str, str] = PrivateAttr(default_factory=dict[str, str])

    def declared_at(self, places: Mapping[str, str]) -> Self:
        """Return this entry, and remember in which file and line its keys are."""
        found = self.model_copy()
        found._places = dict(places)  # noqa: SLF001 - its own class
        return found

    @property
    def places(self) -> Mapping[str, str]:
        """Where keys were read, by key; none of those in the company file itself."""
        return self._places


class Knowledge(_Entry):
    """Where articles are, and which words mean the same in them."""

    folder: str = "knowledge"
    synonyms: tuple[tuple[str, ...], ...] = ()
    """For each meaning, what people say for it, in any language."""


class Tools(_Entry):
    """Tools of the company's own, and what models are given of any tool's answer."""

    modules: tuple[str, ...] = ()
    """Installed Python modules with tools, beside the files in the folder ``tools``."""
    limit: int = Field(default=24_000, ge=500)
    """Characters of one answer; the rest is cut, and that is said."""


class Scim(_Entry):
    """Names that an identity provider will bring, so that policies can have them."""

    groups: tuple[str, ...] = ()
    """Empty until they are pushed."""
    people: tuple[str, ...] = ()
    """E-mails; nobody until they are pushed."""
    entra: ScimPath = ""
    """In which attribute object ids in Entra are pushed; empty: in none."""


class Company(_Entry):
    """The whole file."""

    company: About
    people: tuple[Person, ...] = Field(min_length=1)
    groups: dict[str, tuple[PersonId, ...]] = Field(default_factory=dict)
    resources: tuple[Resource, ...] = ()
    policies: tuple[Policy, ...] = ()
    agents: dict[str, AgentEntry] = Field(default_factory=dict)
    knowledge: Knowledge = Knowledge()
    tools: Tools = Tools()
    limits: SpendingLimits = SpendingLimits()
    mcp: dict[ServerName, McpServer] = Field(default_factory=dict)
    systems: dict[SystemName, System] = Field(default_factory=dict)
    scim: Scim = Scim()
    tickets: Tickets = Tickets()

    @property
    def deciders(self) -> set[str]:
        """Whom stages may name."""
        return {*(p.id for p in self.people), *self.scim.people}

    @property
    def deciding(self) -> set[str]:
        """Which groups stages may name."""
        return {*self.groups, *self.scim.groups}

    def person(self, person_id: str) -> Person | None:
        """Return the person with this id."""
        return next((p for p in self.people if p.id == person_id), None)

    def named(self, name: str) -> Person | None:
        """Return whom a policy names: by id or, of those whom SCIM brings, by e-mail."""
        wanted = key_of(name)
        pushed = wanted in map(key_of, self.scim.people)
        return self.person(name) or next(
            (p for p in self.people if pushed and key_of(p.email) == wanted), None
        )

    def resource(self, resource_id: str) -> Resource | None:
        """Return the resource with this id."""
        return next((r for r in self.resources if r.id == resource_id), None)

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        people, groups = self.deciders, self.deciding
        problems = [
            *_doubles(self),
            *_dangling(self),
            *_circles(self),
            *problems_of_servers(self.mcp, people, groups),
            *_unconnected(self),
            *problems_of_tickets(self.tickets, self.systems),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _doubles(company: Company) -> list[str]:
    found: list[str] = []
    for kind, ids in (
        ("person", [str(p.id) for p in company.people]),
        ("resource", [r.id for r in company.resources]),
    ):
        found += [
            f"{kind} {i!r} is there twice" for i in sorted(ids) if ids.count(i) > 1
        ]
    for name in ("slack", "entra"):
        given = [i for p in company.people if (i := str(getattr(p, name)))]
        found += [
            f"{name} id {i!r} is given to two people; who somebody is must be certain"
            for i in given
            if given.count(i) > 1
        ]
    return sorted(set(found))


def _unconnected(company: Company) -> list[str]:
    """Name what is said of systems and cannot be done."""
    found = [
        f"{p.id}: accounts name the system {system!r}, which is not there"
        for p in company.people
        for system in p.accounts
        if system not in company.systems
    ]
    for resource in company.resources:
        where = f"resource {resource.id!r}"
        if resource.system and resource.system not in company.systems:
            found.append(f"{where}: there is no system {resource.system!r}")
        elif resource.system and company.systems[resource.system].has_tickets:
            found.append(f"{where}: the system {resource.system!r} gives no access")
        wanted = set(resource.grants) if resource.system else set[str]()
        if set(resource.targets) != wanted or not all(resource.targets.values()):
            found.append(
                f"{where}: targets must name one for each grant that a system gives"
            )
    return found


def _circles(company: Company) -> list[str]:
    """Name who would manage themselves, directly or through others.

    A request that goes up such a chain would never reach anybody else.
    """
    manager = {p.id: p.manager for p in company.people}
    found: list[str] = []
    for start in manager:
        above, seen = manager.get(start), {start}
        while above and above not in seen:
            seen.add(above)
            above = manager.get(above)
        if above == start:
            found.append(f"{start}: is their own manager, directly or through others")
    return found


def _dangling(company: Company) -> list[str]:
    people = {p.id for p in company.people}
    found = [
        f"{p.id}: manager {p.manager!r} is not among the people"
        for p in company.people
        if p.manager and p.manager not in people
    ]
    found += [
        f"group {group!r}: {member!r} is not among the people"
        for group, members in company.groups.items()
        for member in members
        if member not in people
    ]
    found += [
        f"resource {r.id!r}: owner {r.owner!r} is not among the people"
        for r in company.resources
        if r.owner not in people
    ]
    for policy in company.policies:
        if isinstance(policy.approval, str):
            continue
        for stage in policy.approval:
            found += _bad_stage(company, policy, stage)
    return found


def _bad_stage(company: Company, policy: Policy, stage: StageRule) -> list[str]:
    where = f"policy {policy.name!r}"
    found = [
        f"{where}: there is no {word}"
        for word in (stage.by, stage.then)
        if word.startswith("group:") and word[6:] not in company.deciding
    ]
    if not stage.by.startswith("group:") and stage.by not in {
        "manager",
        "owner",
        *company.deciders,
    }:
        found.append(
            f"{where}: by = {stage.by!r} is nobody; use manager, owner, group:NAME or a person's id"
        )
    if stage.then not in {"escalate", "expire"} and not stage.then.startswith("group:"):
        found.append(
            f"{where}: then = {stage.then!r}; use escalate, expire or group:NAME"
        )
    return found
