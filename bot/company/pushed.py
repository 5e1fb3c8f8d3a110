"""People and groups that an identity provider pushes, joined with the file's. Pure.

Who has the e-mail of somebody in the file is that person. Then the file says the id,
the platforms' ids, where they are reached, their accounts, roles and days; what is pushed
says whether they are active, and, where it says anything, name, e-mail, title,
department, employment and manager. A pushed group takes the place of the file's group
of that name.

Where who manages whom is not certain nobody manages: a manager whom nobody knows, a
name that fits two people, a circle. Policies then find nobody who could agree, and deny.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from bot.company.entries import key_of
from bot.company.model import Company, Person
from bot.protocol.ids import PersonId

LONG_GONE = date(1, 1, 1)
"""The last day of who is not active: they decide nothing, and their own manager stands
in for them as for anybody whose contract has ended."""


class Said(BaseModel):
    """What was pushed of a person; empty: nothing is said."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_name: str
    name: str
    email: str = ""
    external_id: str = ""
    title: str = ""
    department: str = ""
    employment: str = ""
    entra: str = ""
    """The object id in Entra."""
    manager: str = ""
    """An id, an external id, a user name or an e-mail."""
    active: bool = True
    more: dict[str, str] = Field(default_factory=dict)
    """Attributes of extensions that the company file names, by their whole names."""

    def at(self, path: str) -> str:
        """Return what was pushed in an attribute that `System.scim` may name, or ""."""
        match path:
            case "":
                return ""
            case "externalId":
                return self.external_id
            case "userName":
                return self.user_name
            case _:
                return self.more.get(path, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A pushed person and who that is here."""

    scim_id: str
    person_id: PersonId
    said: Said
    active: bool
    """False also for who was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """Why a person has no manager although one was named."""

    person: Person
    manager: str
    cause: str
    """Words for an operator."""


def person_of(pushed: Pushed, written: Person | None) -> Person:
    """Return the person that was pushed, without a manager.

    Args:
        pushed: What was pushed.
        written: The same person in the company file, if they are there.
    """
    said = pushed.said
    known = written or Person(id=pushed.person_id, name=said.name, email=said.email)
    given = {
        name: value
        for name in ("name", "email", "title", "department", "employment")
        if (value := getattr(said, name))
    }
    if said.entra and not known.entra:
        given["entra"] = said.entra
    return known.model_copy(update={**given, "manager": None})


def joined(
    company: Company,
    people: Sequence[Pushed],
    groups: Mapping[str, Sequence[str]],
) -> tuple[Company, tuple[Uncertain, ...]]:
    """Return the company with those who were pushed, and who has no manager for it.

    Args:
        company: The file.
        people: Who was pushed; of several of one person, the live one only.
        groups: For each pushed group's name, its members' SCIM ids.
    """
    by_id = {person.id: person for person in company.people}
    for pushed in people:
        person = person_of(pushed, by_id.get(pushed.person_id))
        gone = {} if pushed.active else {"ends": LONG_GONE}
        accounts = {**_accounts(company, pushed.said), **person.accounts}
        by_id[pushed.person_id] = person.model_copy(
            update={**gone, "accounts": accounts}
        )
    managers, uncertain = _managers(company, people, by_id)
    everybody = tuple(
        person.model_copy(update={"manager": managers.get(person.id)})
        for person in by_id.values()
    )
    all_groups = _groups(company, people, groups)
    return (
        company.model_copy(update={"people": everybody, "groups": all_groups}),
        uncertain,
    )


def _accounts(company: Company, said: Said) -> dict[str, str]:
    """Return who somebody is in each system, as it was pushed."""
    found = {name: said.at(one.scim) for name, one in company.systems.items()}
    return {name: account for name, account in found.items() if account}


def _managers(
    company: Company, people: Sequence[Pushed], by_id: Mapping[PersonId, Person]
) -> tuple[dict[PersonId, PersonId | None], tuple[Uncertain, ...]]:
    named = _by_name(people)
    managers = {person.id: person.manager for person in company.people}
    uncertain: list[Uncertain] = []
    for pushed in people:
        if not pushed.said.manager:
            continue  # the file's holds
        found = named.get(key_of(pushed.said.manager), set())
        if len(found) != 1:
            cause = "nobody is called that" if not found else "two people are"
            person = by_id[pushed.person_id]
            uncertain.append(
                Uncertain(person=person, manager=pushed.said.manager, cause=cause)
            )
        managers[pushed.person_id] = next(iter(found)) if len(found) == 1 else None
    for person_id in in_circles(managers):
        person, manager = by_id[person_id], str(managers[person_id])
        cause = "they would be their own manager, directly or through others"
        uncertain.append(Uncertain(person=person, manager=manager, cause=cause))
        managers[person_id] = None
    return managers, tuple(uncertain)


def _by_name(people: Sequence[Pushed]) -> dict[str, set[PersonId]]:
    """Return who is meant by each name that a manager can be given by.

    An id means one person whatever else has it for a name; and a name means who has it
    now before who had it and is gone.
    """
    now, gone = (
        _names([p for p in people if p.active is active]) for active in (True, False)
    )
    return {**gone, **now, **{key_of(p.scim_id): {p.person_id} for p in people}}


def _names(people: Iterable[Pushed]) -> dict[str, set[PersonId]]:
    named: dict[str, set[PersonId]] = {}
    for pushed in people:
        said = pushed.said
        for name in (said.external_id, said.user_name, said.email, pushed.person_id):
            if name:
                named.setdefault(key_of(name), set()).add(pushed.person_id)
    return named


def not_pushed(
    company: Company, people: Iterable[Pushed], groups: Iterable[str]
) -> list[str]:
    """Return the names that the file waits for and that nobody has pushed."""
    there = {key_of(name) for name in groups}
    there |= {key_of(one.said.email) for one in people if one.active}
    awaited = (*company.scim.groups, *company.scim.people)
    return [name for name in awaited if key_of(name) not in there]


def in_circles(managers: Mapping[PersonId, PersonId | None]) -> list[PersonId]:
    """Return who would manage themselves, directly or through others."""
    safe: set[PersonId] = set()
    found: list[PersonId] = []
    for start in managers:
        chain: list[PersonId] = []
        at: PersonId | None = start
        while at is not None and at not in safe and at not in chain:
            chain.append(at)
            at = managers.get(at)
        if at is not None and at in chain:
            found += chain[chain.index(at) :]
        safe.update(chain)
    return found


def _groups(
    company: Company, people: Sequence[Pushed], groups: Mapping[str, Sequence[str]]
) -> dict[str, tuple[PersonId, ...]]:
    who = {pushed.scim_id: pushed.person_id for pushed in people}
    names = (*company.scim.groups, *company.groups)
    written = {key_of(name): name for name in names}
    all_groups = dict(company.groups)
    for name, members in groups.items():
        all_groups[written.get(key_of(name), name)] = tuple(
            who[member] for member in members if member in who
        )
    return all_groups
