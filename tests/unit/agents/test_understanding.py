"""What the scripted model makes of sentences; each line is one that people type."""

import pytest

from agents.models.acts import (
    AboutRules,
    AboutThing,
    Act,
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
from agents.vocabulary import vocabulary_of
from bot.protocol.ids import PersonId
from tests.support.companies import SAMPLE, company_at

VOCABULARY = vocabulary_of(company_at(SAMPLE))

MONITOR = Wish(thing="hw/monitor-27", grant="")
LAPTOP = Wish(thing="hw/laptop-14", grant="")
READ = Wish(thing="repo/design-system", grant="read")
WRITE = Wish(thing="repo/design-system", grant="write")
VIEWER = Wish(thing="app/figma", grant="viewer")
EDITOR = Wish(thing="app/figma", grant="editor")
PAYMENTS = Wish(thing="repo/payments-core", grant="write")


def acts_of(text: str, *asked: str, answered: str = "") -> list[Act]:
    context = Context(
        vocabulary=VOCABULARY,
        requester=PersonId("maya.chen"),
        asked=asked,
        answered=answered,
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
        ("What's the guest wifi password?", [HowTo(query="guest wi-fi password")]),
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
