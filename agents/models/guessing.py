"""Which of the company's own or attached tools a sentence is about, if it is sure. Pure.

Words are compared with a tool's name and with what it says that it does. Rather none
than a wrong one: whatever names a thing of the catalog, tells of trouble or asks how
something is done is left to the other rules, and so is what fits two tools alike.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

from agents.language import content_words, stem
from agents.models import phrases
from agents.models.acts import Act, SmallTalk, Use
from agents.models.asking import is_trouble, is_wanting
from agents.models.context import Context, is_question
from agents.models.filling import filled
from agents.models.sentence import Sentence, sentence_of
from agents.models.typed import properties_of
from agents.models.using import use
from agents.vocabulary import Skill

_LOOKING = frozenset(
    map(
        stem,
        (
            *("look", "see", "show", "check", "find", "get", "list", "read"),
            *("tell", "say", "view", "search", "fetch", "know"),
        ),
    )
)
"""Stems of verbs that any question stands for."""
_HOW = (
    "how",
    "why",
    "when",
    "can i",
    "could i",
    "may i",
    "should",
    "am i",
    "is it (?:ok|okay|possible|allowed)",
    "explain",
    "(?:policy|policies|rules?|process|guidelines?|allowed|instead|anymore)",
    "what (?:happens|should|do i|to do|can i)",
)
_MOST_WORDS = 40
_MOST_IN_ANSWER = 12


@dataclass(frozen=True, slots=True)
class _Fit:
    skill: Skill
    explained: frozenset[str]
    """Stems of the words that speak of the tool."""
    weight: int


def guess(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand a sentence that is clearly about one tool."""
    found = _meant(sentence, context)
    if found is None:
        return None
    arguments = filled(
        sentence,
        found.skill.schema,
        explained=found.explained,
        vocabulary=context.vocabulary,
        today=context.today,
    )
    return [
        Use(
            tool=found.skill.tool,
            shown=found.skill.shown,
            agents=found.skill.agents,
            given=arguments.given,
            missing=arguments.missing,
            text=sentence.original,
        )
    ]


def answer_to_need(sentence: Sentence, context: Context) -> list[Act] | None:
    """Understand the answer to "I need one more thing for …"."""
    if phrases.ONE_MORE_THING not in context.answered or not context.asked:
        return None
    if sentence.mentions or is_question(sentence) or is_wanting(sentence):
        return None
    said = sentence.original.strip(' .!"“”')
    if not said or len(said.split()) > _MOST_IN_ANSWER:
        return None
    if sentence.has("never ?mind", "forget it", "leave it", "nothing", "cancel"):
        return [SmallTalk(kind="fine")]
    before = sentence_of(context.asked[-1], context.vocabulary)
    act = next(iter(use(before, context) or guess(before, context) or ()), None)
    skill = context.vocabulary.skill(act.tool) if isinstance(act, Use) else None
    if not isinstance(act, Use) or skill is None or len(act.missing) != 1:
        return None
    name = act.missing[0]
    again = filled(
        sentence,
        {**skill.schema, "required": [name]},
        explained=(),
        vocabulary=context.vocabulary,
        today=context.today,
    )
    value = dict(again.given).get(name, said)
    text = f"{before.original.rstrip(' .?!')}: {said}"
    return [replace(act, given=(*act.given, (name, value)), missing=(), text=text)]


def _meant(sentence: Sentence, context: Context) -> _Fit | None:
    if not context.vocabulary.skills or len(sentence.words) > _MOST_WORDS:
        return None
    if sentence.has(*_HOW) or is_trouble(sentence) or sentence.ambiguous:
        return None
    asks = is_question(sentence)
    if sentence.mentions and (asks or is_wanting(sentence, politely=False)):
        return None
    fits = [
        fit
        for skill in context.vocabulary.skills
        if (skill.looks or not asks) and (fit := _fit(sentence, skill, asks=asks))
    ]
    fits.sort(key=lambda fit: -fit.weight)
    if not fits or (len(fits) > 1 and fits[0].weight == fits[1].weight):
        return None
    return fits[0]


def _fit(sentence: Sentence, skill: Skill, *, asks: bool) -> _Fit | None:
    """Return how well a sentence fits a tool, if well enough.

    All of its name must be said, a verb of looking aside where somebody looks; a name
    of one word is too little without another word of what it does. And at most half of
    the other words may be about something else, unless they are a text that it needs.
    """
    said = {word.stem for word in sentence.words}
    name, does = _words_of(skill.shown, skill.does)
    core = (name - _LOOKING) or name
    if not core <= said:
        return None
    looks = asks or bool(said & _LOOKING)
    if name - core and not looks:
        return None
    more = (does & said) - _LOOKING
    whole = name <= said and len(name) > 1
    if not (whole or len(core) > 1 or more):
        return None
    explained = frozenset((name | does | _LOOKING) & said)
    others = {stem(word) for word in content_words(sentence.text)} - explained
    if not _takes_text(skill) and len(others) > max(1, len(explained)):
        return None
    return _Fit(skill, explained, 2 * len(name & said) + len(more))


@lru_cache(maxsize=1024)
def _words_of(shown: str, does: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the stems of a tool's name, and of what else is said of it."""
    server, _, tool = shown.rpartition(".")
    name = frozenset(map(stem, content_words(tool.replace("_", " "))))
    about = frozenset(map(stem, content_words(f"{server} {does}")))
    return name, about - name


def _takes_text(skill: Skill) -> bool:
    takes = properties_of(skill.schema)
    return any(
        takes.get(name, {}).get("type") == "string"
        for name in skill.schema.get("required", ())
    )
