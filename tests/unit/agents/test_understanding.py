"""What the scripted model makes of sentences; each line is one that people type."""

from dataclasses import replace

import pytest

from agents.models.acts import (
    AboutRules,
    AboutThing,
    Act,
    Change,
    FindPerson,
    ForOther,
    HowTo,
    Reset,
    SmallTalk,
    Status,
    Ticket,
    Unclear,
    Unwish,
    WaitFor,
    WhoAmI,
    Wish,
    Withdraw,
)
from agents.models.context import Context
from agents.models.understanding import understand
from agents.roster import roster_of
from agents.vocabulary import vocabulary_of
from bot.protocol.ids import PersonId
from tests.support.companies import SAMPLE, company_at

VOCABULARY = vocabulary_of(company_at(SAMPLE), roster_of(company_at(SAMPLE)))

MONITOR = Wish(thing="hw/monitor-27", grant="")
LAPTOP = Wish(thing="hw/laptop-14", grant="")
READ = Wish(thing="repo/design-system", grant="read")
WRITE = Wish(thing="repo/design-system", grant="write")
VIEWER = Wish(thing="app/figma", grant="viewer")
EDITOR = Wish(thing="app/figma", grant="editor")
PAYMENTS = Wish(thing="repo/payments-core", grant="write")


def lasting(wish: Wish, days: int) -> Wish:
    return replace(wish, days=days)


def because(wish: Wish, reason: str) -> Wish:
    return replace(wish, reason=reason)


def acts_of(
    text: str, *asked: str, answered: str = "", waiting: tuple[str, ...] = ()
) -> list[Act]:
    context = Context(
        vocabulary=VOCABULARY,
        requester=PersonId("maya.chen"),
        asked=asked,
        answered=answered,
        waiting=waiting,
    )
    return understand(text, context)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("Can I get read access to the design system repo?", [READ]),
        ("need read and write access to the design system", [WRITE]),
        ("I need to be a Figma editor", [EDITOR]),
        ("I need Figma. Editor please.", [EDITOR]),
        ("figma licence please", [EDITOR]),
        ("I'd like to have Figma", [VIEWER]),
        ('I need a 27" monitor please', [MONITOR]),
        ("give me a moniter", [MONITOR]),
        ("Could you order me a new laptop and a monitor?", [LAPTOP, MONITOR]),
        ("write access to payments, read access to the ds repo", [PAYMENTS, READ]),
        ("read on the design system and write on payments", [READ, PAYMENTS]),
        ("I want a laptop, not a monitor", [Unwish(thing="hw/monitor-27"), LAPTOP]),
        (
            "I need Figma because the design system is documented there",
            [
                Wish(
                    thing="app/figma",
                    grant="viewer",
                    reason="the design system is documented there",
                )
            ],
        ),
        ("How do I connect to the VPN?", [HowTo(query="connect vpn", things=("group/vpn",))]),
        ("How do I reset my password?", [HowTo(query="reset password")]),
        ("I lost my phone", [HowTo(query="lost phone")]),
        ("What's the guest wifi password?", [HowTo(query="guest wifi password")]),
        ("reset my password", [Reset(person="")]),
        ("please unlock my account, I forgot the password", [Reset(person="")]),
        ("reset Maya Chen's password", [Reset(person="")]),
        ("reset Noah\u2019s password", [Reset(person="Noah Kim")]),
        ("Reset the password of Bob Smith please", [Reset(person="bob smith")]),
        ("Can you reset my manager's password?", [Reset(person="my manager")]),
        ("reset the password for my colleague", [Reset(person="my colleague")]),
        ("what about my monitor?", [Status(things=("hw/monitor-27",))]),
        ("any news?", [Status(things=())]),
        ("what are my requests?", [Status(things=())]),
        ("cancel it", [Withdraw(things=())]),
        ("I don't need the monitor any more", [Withdraw(things=("hw/monitor-27",))]),
        ("cancel everything", [Withdraw(things=(), everything=True)]),
        ("don't order it", [Withdraw(things=())]),
        ("I need Figma editor for two weeks", [lasting(EDITOR, 14)]),
        ("design system for a month please. And a monitor.", [lasting(READ, 30), MONITOR]),
        ("I need Figma editor. Only for 3 days.", [lasting(EDITOR, 3)]),
        ("I need Figma editor. No, viewer.", [VIEWER]),
        ("I need a monitor. A laptop instead.", [LAPTOP]),
        ("I need Figma. Viewer, because of the rebrand.", [because(VIEWER, "the rebrand")]),
        ("I was away for two weeks", [HowTo(query="away two weeks")]),
        ("I'd rather have a laptop", [LAPTOP]),
        ("a laptop instead of a monitor please", [Unwish(thing="hw/monitor-27"), LAPTOP]),
        ("a laptop please, rather than a monitor", [Unwish(thing="hw/monitor-27"), LAPTOP]),
        ("change my request", [Change(thing="", wants=(), text="change my request", told=False)]),
        ("a monitor for Noah", [ForOther(who="Noah Kim")]),
        ("can you give Noah access to payments?", [ForOther(who="Noah Kim")]),
        ("I need a monitor for home", [MONITOR]),
        ("who is my manager?", [WhoAmI()]),
        ("Who is Ines Okafor?", [FindPerson(query="Inés Okafor")]),
        ("who owns payments-core?", [AboutThing(thing="repo/payments-core")]),
        ("how much is a Tableau seat?", [AboutThing(thing="app/tableau")]),
        ("who has to approve a laptop?", [AboutRules(thing="hw/laptop-14", grant="")]),
        ("open a ticket: my chair is broken", [Ticket(title="my chair is broken")]),
        ("put me on the waiting list for the monitor", [WaitFor(thing="hw/monitor-27")]),
        ("hi there", [SmallTalk(kind="greeting")]),
        ("thank you!", [SmallTalk(kind="thanks")]),
        ("what can you do?", [SmallTalk(kind="abilities")]),
        ("I need access", [Unclear()]),
        ("I like Figma", [Unclear(things=("app/figma",))]),
        (
            "Hi! How do I connect to the VPN? And I need a monitor.",
            [HowTo(query="connect vpn", things=("group/vpn",)), MONITOR],
        ),
    ],
)  # fmt: skip
def test_a_sentence_means(text: str, acts: list[Act]):
    assert acts_of(text) == acts


@pytest.mark.parametrize(
    ("text", "thing", "wants"),
    [
        ("change my request for the monitor to a laptop", MONITOR, [LAPTOP]),
        ("swap the monitor for a laptop", MONITOR, [LAPTOP]),
        ("a laptop instead of the monitor please", MONITOR, [LAPTOP]),
        ("I don't need the monitor any more, a laptop instead", MONITOR, [LAPTOP]),
        ("cancel it, I need a laptop instead", MONITOR, [LAPTOP]),
        ("sorry, I meant the laptop", MONITOR, [LAPTOP]),
        ("make it viewer instead", EDITOR, [VIEWER]),
        ("viewer is enough", EDITOR, [VIEWER]),
        ("viewer please", EDITOR, [VIEWER]),
        ("can you change my Figma request to viewer?", EDITOR, [VIEWER]),
        ("actually I only need to be a viewer in Figma", EDITOR, [VIEWER]),
        ("change my Figma request. Viewer is enough.", EDITOR, [VIEWER]),
        ("no wait, write instead", READ, [WRITE]),
        (
            "change my request for write access to the design system to read",
            READ,
            [READ],
        ),
        ("actually I need it for two weeks", MONITOR, [lasting(MONITOR, 14)]),
        ("I need Figma for 10 days", EDITOR, [lasting(Wish(thing="app/figma", grant=""), 10)]),
        ("two weeks are enough", MONITOR, [lasting(MONITOR, 14)]),
        ("change my Figma request to the blue one", EDITOR, []),
    ],
)  # fmt: skip
def test_what_is_asked_for_can_be_changed(text: str, thing: Wish, wants: list[Wish]):
    waiting = ("repo/design-system", "app/figma", "hw/monitor-27")
    [act] = acts_of(text, waiting=waiting)
    assert isinstance(act, Change)
    assert (act.thing, list(act.wants)) == (thing.thing, wants)
    assert (act.text, act.told) == (text, True)


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("is my request approved yet?", [Status(things=())]),
        ("cancel the monitor", [Withdraw(things=("hw/monitor-27",))]),
        ("I changed my mind", [Withdraw(things=())]),
        ("also a laptop", [LAPTOP]),
        ("I need a laptop too", [LAPTOP]),
        ("a laptop for Noah instead", [ForOther(who="Noah Kim")]),
        ("I forgot my password, please change it", [Reset(person="")]),
        ("How do I change my phone number?", [HowTo(query="change phone number")]),
        ("thanks, that is enough", [SmallTalk(kind="thanks")]),
        ("I'm on leave for two weeks", [HowTo(query="i'm leave two weeks")]),
        ("what about my monitor?", [Status(things=("hw/monitor-27",))]),
    ],
)
def test_what_is_asked_for_is_left_alone(text: str, acts: list[Act]):
    assert acts_of(text, waiting=("app/figma", "hw/monitor-27")) == acts


@pytest.mark.parametrize(
    "text", ["change my request", "I'd like to change the Figma request"]
)
def test_a_change_without_saying_what_is_asked_back(text: str):
    [act] = acts_of(text, waiting=("app/figma",))
    assert act == Change(thing="app/figma", wants=(), text=text, told=False)


WISHES = "I start on Monday: design system repo, a Figma seat and a monitor please"


def test_several_wishes_in_one_sentence_keep_their_grants():
    assert acts_of(WISHES) == [READ, EDITOR, MONITOR]


@pytest.mark.parametrize(
    ("steer", "acts"),
    [
        ("write access, not read", [WRITE]),
        ("viewer is enough", [VIEWER]),
        ("not the monitor", [Unwish(thing="hw/monitor-27")]),
        ("and a laptop", [LAPTOP]),
    ],
)
def test_a_correction_is_understood_by_what_was_asked(steer: str, acts: list[Act]):
    assert acts_of(steer, WISHES) == acts


def test_yes_means_what_was_offered_last():
    list_offer = "All Figma seats are in use. I can put you on the waiting list."
    assert acts_of("yes please", answered=list_offer) == [WaitFor(thing="app/figma")]
    ticket_offer = "I found nothing. Shall I open a ticket?"
    assert acts_of("ok", "The printer burns", answered=ticket_offer) == [
        Ticket(title="The printer burns")
    ]
    assert acts_of("no thanks", answered=ticket_offer) == [SmallTalk(kind="fine")]
