"""One text for everything that an exchange brought about. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agents.models import phrases
from agents.models.articles import answer_from, nothing_found
from agents.models.draft import Scene
from agents.models.sentence import sentence_of
from agents.models.specialist import SEPARATOR
from agents.models.telling import is_skill, said_by
from agents.models.transcript import Done
from agents.vocabulary import Thing
from bot.view import wording

_HAND_OFF = "ask_"
_LONGEST_WORDS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What became of one wish."""

    words: str
    """What was wished for; empty where a specialist wrote freely."""
    outcome: str

    @property
    def is_put_off(self) -> bool:
        """Whether nothing came of it because the requester said more."""
        return self.outcome == wording.RECONSIDERED

    @property
    def text(self) -> str:
        """The line for a person, without saying the same thing twice."""
        said = self.words.casefold() in self.outcome.casefold()
        if not self.words or said:
            return self.outcome
        return f"{phrases.upper_first(self.words)}: {self.outcome}"


def lines_of(done: Done) -> list[Line]:
    """Return what a specialist reported."""
    if not done.name.startswith(_HAND_OFF):
        return []
    return [_line(text) for text in done.sentence.splitlines() if text.strip()]


def _line(text: str) -> Line:
    text = text.strip().removeprefix("- ")
    words, found, outcome = text.partition(SEPARATOR)
    if not found or len(words) > _LONGEST_WORDS:
        return Line(words="", outcome=text)
    return Line(words=words, outcome=outcome)


def summary_of(scene: Scene, things: Sequence[str]) -> str:
    """Return one text about all calls of the exchange.

    Args:
        scene: With the calls and their answers.
        things: What a question about the state of requests was about; empty: all.
    """
    lines = [line for done in scene.reading.done for line in _reported(scene, done)]
    final = {line.words for line in lines if not line.is_put_off}
    texts = [
        line.text for line in lines if not (line.is_put_off and line.words in final)
    ]
    parts: list[str] = []
    if len(texts) == 1:
        parts += texts
    elif texts:
        parts.append("\n".join(f"- {text}" for text in texts))
    for done in scene.reading.done:
        if not done.name.startswith(_HAND_OFF):
            parts.append(_answer(scene, done, things))
    return "\n\n".join(dict.fromkeys(part for part in parts if part))


def _reported(scene: Scene, done: Done) -> list[Line]:
    lines = lines_of(done)
    if lines or not done.name.startswith(_HAND_OFF):
        return lines
    title = scene.vocabulary.titles.get(done.name.removeprefix(_HAND_OFF), done.name)
    return [Line(words=title, outcome="no answer came, so nothing is certain.")]


def _answer(scene: Scene, done: Done, things: Sequence[str]) -> str:
    if done.denied_by or done.answer.is_error:
        return done.sentence or "That did not work."
    tell = _TELLERS.get(done.name)
    if tell:
        return tell(scene, done)
    if done.name == "my_requests":
        return _standing(scene, done, things)
    if is_skill(scene, done.name):
        return said_by(scene, done)
    return done.sentence


def _from_articles(scene: Scene, done: Done) -> str:
    if answer := answer_from(done):
        return answer
    named = [
        thing
        for text in scene.reading.current
        for thing_id in sentence_of(text, scene.vocabulary).things
        if (thing := scene.vocabulary.thing(thing_id))
    ]
    if named:
        return f"No article says that. {phrases.just_ask(named)}"
    return nothing_found(scene, done)


def _me(scene: Scene, done: Done) -> str:
    del scene
    position = ", ".join(
        value for key in ("title", "department") if (value := _text(done, key))
    )
    manager = _text(done, "manager")
    above = f" Your manager is {manager}." if manager else ""
    return f"You are {_text(done, 'name')} ({position}).{above}"


def _people(scene: Scene, done: Done) -> str:
    found = [_fields(person) for person in _entries(done, "people")]
    if not found:
        where = phrases.where_to_ask(scene.vocabulary)
        return (
            f"I found nobody called “{done.argument('query')}”. You can ask in {where}."
        )
    return "\n".join(
        f"{p.get('name')}: {p.get('title')}, {p.get('department')}, {p.get('email')}"
        for p in found
    )


def _thing_facts(scene: Scene, done: Done) -> str:
    found = [_fields(entry) for entry in _entries(done, "resources")]
    return "\n\n".join(_facts(scene, entry) for entry in found[:3])


def _facts(scene: Scene, entry: dict[str, JsonValue]) -> str:
    costs = entry.get("cost")
    priced = (
        [f"{grant} {price}" for grant, price in costs.items() if price]
        if isinstance(costs, dict)
        else []
    )
    grants = entry.get("grants")
    levels = [str(g) for g in grants] if isinstance(grants, list) else []
    parts = [
        f"{entry.get('name')} ({entry.get('kind')}), looked after by {entry.get('owner')}.",
        f"It comes as {phrases.listed(priced or levels, 'or')}." if levels else "",
        f"It costs {entry['price']}." if entry.get("price") else "",
        _left(entry, "seats_left", "seats are free"),
        _left(entry, "in_stock", "in stock"),
        f"Delivery takes {entry['delivery']}." if entry.get("delivery") else "",
        f"Access ends after {entry['ends_after']}." if entry.get("ends_after") else "",
        f"You have {entry['you_have']}." if entry.get("you_have") else "",
    ]
    thing = scene.vocabulary.thing(str(entry.get("id", "")))
    if thing and not entry.get("you_have"):
        parts.append(phrases.just_ask([thing]))
    return " ".join(part for part in parts if part)


def _left(entry: dict[str, JsonValue], key: str, words: str) -> str:
    left = entry.get(key)
    return f"{left or 'None'} {words}." if isinstance(left, int) else ""


def _standing(scene: Scene, done: Done, things: Sequence[str]) -> str:
    named = [t for i in dict.fromkeys(things) if (t := scene.vocabulary.thing(i))]
    waiting = [
        f"{entry.get('subject')}: waits for {phrases.listed(_names(entry), 'or')}."
        for entry in map(_fields, _entries(done, "open"))
        if not named or _is_about(scene, str(entry.get("subject")), named)
    ]
    held = [
        f"You have {entry.get('what')}{_but(entry)}."
        for entry in map(_fields, _entries(done, "have"))
        if not named or entry.get("resource") in {t.id for t in named}
    ]
    tickets = [] if named else [*map(_ticket, map(_fields, _entries(done, "tickets")))]
    lines = [*tickets, *waiting, *held]
    if not waiting and not tickets and not (named and held):
        lines.insert(0, phrases.nothing_open([t.name for t in named]))
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def _but(entry: dict[str, JsonValue]) -> str:
    return f", but it {but}" if (but := entry.get("but")) else ""


def _ticket(entry: dict[str, JsonValue]) -> str:
    link = entry.get("link")
    where = f" {link}" if link else ""
    return f"Ticket {entry.get('ticket')} ({entry.get('about')}): {entry.get('state')}.{where}"


def _is_about(scene: Scene, subject: str, named: Sequence[Thing]) -> bool:
    mentioned = set(sentence_of(subject, scene.vocabulary).things)
    return bool(mentioned & {thing.id for thing in named})


def _names(entry: dict[str, JsonValue]) -> list[str]:
    names = entry.get("waiting_for")
    return [str(name) for name in names] if isinstance(names, list) else []


def _entries(done: Done, key: str) -> list[JsonValue]:
    found = done.value(key)
    return found if isinstance(found, list) else []


def _fields(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _text(done: Done, key: str) -> str:
    value = done.value(key)
    return value if isinstance(value, str) else ""


_TELLERS: dict[str, Callable[[Scene, Done], str]] = {
    "search_knowledge": _from_articles,
    "who_am_i": _me,
    "look_up_person": _people,
    "look_up_catalog": _thing_facts,
}
