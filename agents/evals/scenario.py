"""What a scenario file says: conversations, and what must come of each.

Pure data with the checks that need no company; `agents.evals.file` reads it.
What happened and is not expected is a failure: an effect, or somebody who was asked.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from bot.company.entries import Entry, Seconds
from bot.protocol.ids import PlatformName

Words: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
"""What a text must have in it, in any case; ``a | b``: one of them."""
DeedKind: TypeAlias = Literal["grant", "order", "waitlist", "reset", "ticket", "call"]
Ends: TypeAlias = Literal["done", "waits", "failed", "stopped"]
Fate: TypeAlias = Literal["open", "approved", "rejected", "withdrawn", "expired"]

LANGUAGE = "a language model"
"""What a scenario ``needs`` that the scripted model cannot play."""
_ACTS = ("says", "decides", "stops", "passes")
_SAID = ("in", "chat")
_OF_PEOPLE = ("who", "stranger", "email", "meanwhile")
_MEANS_NOTHING: Mapping[str, Sequence[str]] = {
    "says": ("on", "because"),
    "decides": ("chat",),
    "stops": ("on", "because", "chat"),
    "passes": ("on", "because", *_SAID, *_OF_PEOPLE),
}


class Step(Entry):
    """What somebody does, or that time passes: exactly one of the four."""

    who: str = ""
    """A person's id."""
    stranger: str = ""
    """Instead of `who`: the name of somebody who is not in the company file."""
    email: str = ""
    """A stranger's, as the platform tells it; empty: a guest, whose it does not tell."""
    says: str = ""
    platform: PlatformName | None = Field(default=None, alias="in")
    """Where; without it, where the person is reached."""
    chat: str = ""
    """Another name is another thread; without one, all is said in the same."""
    decides: Literal["approve", "reject"] | None = None
    on: str = ""
    """Words of the request that is decided on; needed where several are open."""
    because: str = ""
    counts: bool = True
    """Whether the decision counts: the person is entitled, and it is not too late."""
    stops: bool = False
    """Presses Stop on their newest request; where it must not count, on anybody's."""
    passes: Seconds | None = None
    """Nobody does anything for so long. All that is due comes, at its moment."""
    meanwhile: str = ""
    """Done while this agent thinks about what the step before it caused."""
    hears: tuple[Words, ...] = ()
    """What the answer has in it once everything rests again."""

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        done = [name for name in _ACTS if getattr(self, name)]
        if len(done) != 1:
            raise ValueError("write one of says, decides, stops and passes")
        [does] = done
        wrong = [name for name in _MEANS_NOTHING[does] if self._has(name)]
        if wrong and does == "passes":
            raise ValueError(f"{wrong[0]!r} means nothing where time passes")
        if wrong:
            raise ValueError(f"{wrong[0]!r} means nothing for who {does}")
        if does != "passes" and bool(self.who) == bool(self.stranger):
            raise ValueError("write one of who and stranger")
        if self.email and not self.stranger:
            raise ValueError(
                "'email' is a stranger's; the company file has the others'"
            )
        if not self.counts and does not in {"decides", "stops"}:
            raise ValueError("'counts' means nothing for who only says something")
        return self

    def _has(self, name: str) -> bool:
        return bool(getattr(self, "platform" if name == "in" else name))

    @property
    def does(self) -> str:
        """How it is told."""
        if self.passes:
            return f"{timedelta(seconds=self.passes)} pass"
        who = self.who or f"{self.stranger}, a stranger,"
        if self.says:
            return f"{who} says {self.says!r}"
        return f"{who} {'stops' if self.stops else f'decides to {self.decides}'}"


class Deed(Entry):
    """One effect that there must be."""

    kind: DeedKind
    who: str = ""
    """For whom; without it, who speaks first."""
    what: str = ""
    """The resource's id; of a ``call``, the tool's name."""
    grant: str = ""
    lasts: Seconds | None = None
    """After how long the access ends by itself."""
    queue: str = ""
    """Of a ticket."""
    says: tuple[Words, ...] = ()
    """What a ticket, or a call's arguments, have in them."""


class Ask(Entry):
    """One request for a decision that there must be."""

    of: tuple[tuple[str, ...], ...] = Field(min_length=1)
    """For each stage, the ids of who may decide."""
    about: Words | None = None
    """What the request has in it."""
    shows: tuple[Words, ...] = ()
    """What the card of who decides, or a reminder of it, has in it."""
    reminded: int | None = Field(default=None, ge=0)
    """How often those who had not decided were reminded."""
    fate: Fate | None = None
    """What became of it."""


class Expected(Entry):
    """What must come of a conversation.

    What is left out is not looked at, except effects and requests: there must be just
    those that are named.
    """

    effects: tuple[Deed, ...] = ()
    asks: tuple[Ask, ...] = ()
    refused: tuple[Words, ...] | None = None
    """For each refusal by policy, what its reason has in it; empty: none."""
    hands_to: tuple[str, ...] | None = None
    """Specialists who worked on it; empty: none did."""
    cites: tuple[str, ...] = ()
    """Articles that answers rest on."""
    says: tuple[Words, ...] = ()
    """What the last answer has in it."""
    never_says: tuple[Words, ...] = ()
    """What no answer has in it."""
    ends: Ends | None = None
    """How the last message's turn ends; without it, any way but ``failed``."""


class Scenario(Entry):
    """One conversation."""

    name: str = Field(min_length=1)
    needs: Literal["a language model"] | None = None
    steps: tuple[Step, ...] = Field(min_length=1)
    expect: Expected = Expected()

    @model_validator(mode="after")
    def _begins_with_words(self) -> Self:
        if not self.steps[0].says:
            raise ValueError("somebody must say something first")
        if self.steps[0].meanwhile:
            raise ValueError("the first step has none before it, so no meanwhile")
        for before, step in pairwise(self.steps):
            both = before.meanwhile and step.meanwhile
            if both and before.meanwhile != step.meanwhile:
                problem = "what is done meanwhile, one after the other, names one agent"
                raise ValueError(problem)
        return self

    @property
    def passes(self) -> bool:
        """Whether time passes in it."""
        return any(step.passes for step in self.steps)

    @property
    def together(self) -> Sequence[Sequence[Step]]:
        """The steps: each with what is done while it is under way."""
        groups: list[list[Step]] = []
        for step in self.steps:
            if step.meanwhile:
                groups[-1].append(step)
            else:
                groups.append([step])
        return groups


class ScenarioFile(Entry):
    """The whole file."""

    today: date | None = None
    """The day on which all of it happens: when people start and leave is moved by as
    much as this is from the day on which it runs."""
    scenario: tuple[Scenario, ...] = Field(min_length=1)
