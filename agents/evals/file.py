"""Read scenario files; every problem at once, each with its place and its fix."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from agents.evals.lines import Place, line_of, lines_in
from agents.evals.own import CALL
from agents.evals.scenario import Ask, Deed, Expected, Scenario, ScenarioFile, Step
from agents.roster import ROOT, roster_of
from bot.company.file import load_articles
from bot.company.model import Company
from bot.errors import ConfigError

FOLDER = "evals"
"""Beside the company file."""
_KEYS = sorted(
    info.alias or name
    for table in (ScenarioFile, Scenario, Step, Expected, Deed, Ask)
    for name, info in table.model_fields.items()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A scenario and where it stands."""

    file: Path
    scenario: Scenario
    today: date | None = None
    time: int = 1
    """The how manieth time it is played in this run."""

    @property
    def name(self) -> str:
        """What people call it: file and name."""
        again = f" (time {self.time})" if self.time > 1 else ""
        return f"{self.file.stem}: {self.scenario.name}{again}"


def load_scenarios(
    company: Company,
    company_file: Path,
    files: Sequence[Path],
    only: str = "",
    *,
    own: Collection[str] = (),
) -> list[Told]:
    """Return all scenarios of some files, or of the folder beside the company file.

    Args:
        company: Whose people and things they name.
        company_file: Where that is written.
        files: Empty: all ``*.toml`` in the folder ``evals`` beside it.
        only: Leaves out what has this not in its file's or its own name.
        own: Names of the company's own tools.

    Raises:
        ConfigError: Nothing is found, or a file says something impossible.
    """
    folder = company_file.parent / FOLDER
    found = list(files) or sorted(folder.glob("*.toml"))
    if not found:
        problem = f"there is no *.toml in {folder}; write one, or name your files"
        raise ConfigError("what was chosen to play", [problem])
    names = _Names.of(company, company_file, own)
    told = [one for file in found for one in _read(file, names)]
    chosen = [one for one in told if only.casefold() in one.name.casefold()]
    if not chosen:
        problem = f"none of {len(told)} has {only!r} in its name"
        raise ConfigError("what was chosen to play", [problem])
    days = {one.today for one in told}
    if len(days) > 1:
        said = ", ".join(sorted(str(day or "none") for day in days))
        problem = f"files that run together say the same today, and these say {said}"
        raise ConfigError("what was chosen to play", [problem])
    return chosen


def _read(file: Path, names: "_Names") -> list[Told]:
    source = f"scenario file {file}"
    try:
        text = file.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(source, [f"cannot be read ({error.strerror})"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(source, [f"is not TOML: {error}"]) from error
    try:
        said = ScenarioFile.model_validate(document)
    except ValidationError as error:
        raise ConfigError(source, _problems(error, document, text)) from error
    lines = lines_in(text)
    problems = [
        problem
        for number, one in enumerate(said.scenario)
        for problem in names.problems(one, _Place(text, lines, number))
    ]
    first: dict[str, int | None] = {}
    for number, one in enumerate(said.scenario):
        line = line_of(("scenario", number), lines)
        if one.name in first:
            twice = f"{one.name!r} is there twice, first on line {first[one.name]}"
            problems.append(f"line {line}: {twice}")
        first.setdefault(one.name, line)
    if problems:
        raise ConfigError(source, problems)
    return [Told(file=file, scenario=one, today=said.today) for one in said.scenario]


def _problems(
    error: ValidationError, document: dict[str, object], text: str
) -> list[str]:
    found = [(p["loc"], p["type"], p["msg"]) for p in error.errors()]
    lines = lines_in(text)

    def where(place: tuple[int | str, ...]) -> str:
        line = line_of(place, lines)
        said = _place(place, document)
        return f"line {line}, {said}" if line else said

    return [
        f"{where(place)}: {_said(kind, message, place)}"
        for place, kind, message in found
        # A list of which every entry is wrong is called too short besides.
        if kind != "too_short"
        or not any(other[: len(place)] == place != other for other, _, _ in found)
    ]


def _said(kind: str, message: str, place: tuple[int | str, ...]) -> str:
    if kind == "extra_forbidden":
        return f"there is no such key{_fix(str(place[-1]), _KEYS)}"
    return message.removeprefix("Value error, ")


def _place(location: tuple[int | str, ...], document: object) -> str:
    """Name a place as its author knows it: a scenario by its name."""
    parts: list[str] = []
    here = document
    for part in location:
        here = _inside(here, part)
        if isinstance(part, str):
            parts.append(part)
        else:
            name = _inside(here, "name")
            parts.append(repr(name) if name else f"#{part + 1}")
    return " ".join(parts) or "the file"


def _inside(document: object, part: int | str) -> object:
    if isinstance(document, dict):
        return cast("dict[object, object]", document).get(part)
    if isinstance(document, list) and isinstance(part, int):
        inside = cast("list[object]", document)
        return inside[part] if part < len(inside) else None
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one scenario stands."""

    text: str
    lines: Mapping[Place, int]
    number: int

    def of(self, word: str) -> int | None:
        """Return the line on which the scenario first has a word in quotes."""
        begin = line_of(("scenario", self.number), self.lines) or 1
        said = self.text.splitlines()[begin - 1 :]
        marks = (f'"{word}"', f"'{word}'")
        found = (
            line
            for line, words in enumerate(said, begin)
            if any(mark in words for mark in marks)
        )
        return next(found, begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What scenarios may name."""

    people: frozenset[str]
    emails: Mapping[str, str]
    """Whose they are, in small letters."""
    things: dict[str, tuple[str, ...]]
    """Resources with their grants."""
    agents: frozenset[str]
    articles: frozenset[str]
    tools: frozenset[str]

    @classmethod
    def of(cls, company: Company, company_file: Path, own: Collection[str]) -> "_Names":
        return cls(
            people=frozenset(p.id for p in company.people),
            emails={p.email.casefold(): p.id for p in company.people if p.email},
            things={r.id: r.grants for r in company.resources},
            agents=frozenset(s.name for s in roster_of(company).specialists),
            articles=frozenset(a.ref for a in load_articles(company, company_file)),
            tools=frozenset(own),
        )

    def problems(self, scenario: Scenario, place: _Place) -> list[str]:
        """Return what a scenario names that is not there, each with its line."""
        found = dict.fromkeys(self._unknowns(scenario))
        return [
            f"line {place.of(word)}, {scenario.name!r}: {problem}"
            for word, problem in found
        ]

    def _unknowns(self, scenario: Scenario) -> list[tuple[str, str]]:
        expect, effects = scenario.expect, scenario.expect.effects
        found = [
            *self._unknown("person", (s.who for s in scenario.steps), self.people),
            *self._unknown("person", (d.who for d in effects), self.people),
            *self._unknown(
                "person",
                (who for ask in expect.asks for stage in ask.of for who in stage),
                self.people,
            ),
            *self._unknown(
                "resource", (d.what for d in effects if d.kind != CALL), self.things
            ),
            *self._unknown(
                "tool of your own",
                (d.what for d in effects if d.kind == CALL),
                self.tools,
            ),
            *self._unknown("specialist", expect.hands_to or (), self.agents),
            *self._unknown(
                "agent", (s.meanwhile for s in scenario.steps), {ROOT, *self.agents}
            ),
            *self._known(s.email for s in scenario.steps),
            *self._unknown("article", expect.cites, self.articles),
        ]
        for deed in effects:
            grants = self.things.get(deed.what, ())
            found += self._unknown(f"grant of {deed.what!r}", [deed.grant], grants)
        return found

    def _known(self, emails: Iterable[str]) -> list[tuple[str, str]]:
        known = ((one, self.emails.get(one.casefold())) for one in emails)
        return [
            (email, f"{email!r} is no stranger's; write who = {who!r}")
            for email, who in known
            if who
        ]

    def _unknown(
        self, kind: str, said: Iterable[str], known: Iterable[str]
    ) -> list[tuple[str, str]]:
        names = list(known)
        return [
            (one, f"there is no {kind} {one!r}{_fix(one, names)}")
            for one in said
            if one and one not in names
        ]


def _fix(said: str, known: Sequence[str]) -> str:
    near = get_close_matches(said, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    if known is _KEYS:
        return ""
    return f"; use one of {', '.join(sorted(known))}" if known else ""
