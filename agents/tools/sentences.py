"""What tools say to people, in one place.

Every sentence says what happened, or that nothing did and what to do next. They
name people and things by what the company file calls them; they never carry a
model's words.
"""

from datetime import datetime

from agents.catalog import cost, one, span, takes_seat
from agents.policy import Denied
from bot.company.model import Company, Person, Resource
from bot.protocol.values import OpenRequest, Stage

OWN_PASSWORD_RULE = "You can only reset your own password"  # noqa: S105 - a rule's name
"""Name of the rule, as shown and as audited."""


def upper_first(text: str) -> str:
    """Return ``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


def names(people: tuple[str, ...] | list[str], *, word: str = "or") -> str:
    """Return names as a sentence lists them."""
    if len(people) < 2:  # noqa: PLR2004
        return "".join(people)
    return f"{', '.join(people[:-1])} {word} {people[-1]}"


def whom_to_ask(company: Company, ask: str) -> str:
    """Return the sentence that says where to go instead."""
    place = company.company.help_channel
    if ask:
        return f"Ask {ask}, who is responsible for it."
    return f"Ask in {place}." if place else "Ask your IT team."


def stranger(company: Company) -> str:
    """Say that the requester is not in the directory."""
    return (
        f"I can't find you in {company.company.name}'s directory, so I did nothing. "
        f"{whom_to_ask(company, '')}"
    )


def contract_over(company: Company, person: Person) -> str:
    """Say that a contract that has ended asks for nothing."""
    ended = person.ends.isoformat() if person.ends else ""
    return (
        f"Your contract ended on {ended}, so I may not do this. Nothing was changed. "
        f"{whom_to_ask(company, '')}"
    )


def approved_another(tool: str) -> str:
    """Say that a call is not the one that people approved."""
    return (
        f"What {tool} would do now is not what was approved, so it was not done. "
        "Please ask again."
    )


def bad_arguments(tool: str, problems: str) -> str:
    """Say that a call's arguments make no sense."""
    return f"{tool} was not run, because its details were not usable: {problems}."


def unknown_thing(company: Company, said: str) -> str:
    """Say that the catalog has no such thing."""
    return (
        f"There is no {said!r} in the catalog, so nothing was asked for. "
        f"{whom_to_ask(company, '')}"
    )


def denied(company: Company, resource: Resource, grant: str, decision: Denied) -> str:
    """Say why not, that nothing was done, and whom to ask."""
    thing = one(resource, grant)
    match decision.cause:
        case "rule":
            why = f"the rule “{decision.policy}” does not allow it"
        case "no_rule":
            why = "no rule lets somebody in your position have it through me"
        case "no_grant":
            offered = (
                names(resource.grants) if resource.grants else "nothing but itself"
            )
            why = f"it can only be given as {offered}"
        case "ended":
            why = "your contract has ended"
        case "nobody_left":
            why = (
                f"the rule “{decision.policy}” needs somebody other than you to "
                "decide, and there is nobody"
            )
    return (
        f"I can't give you {thing}: {why}. Nothing was changed. "
        f"{whom_to_ask(company, decision.ask)}"
    )


def already_has(resource: Resource, held: str, wanted: str) -> str:
    """Say that there is nothing to do."""
    rest = "" if held == wanted else f", which includes {wanted}"
    return f"You already have {one(resource, held)}{rest}. Nothing was changed."


def already_asked(thing: str, request: OpenRequest) -> str:
    """Say that the same request already waits."""
    return (
        f"You already asked for {thing}; it waits for {names(request.waiting_for)}. "
        "No second request was sent."
    )


def no_seats(resource: Resource) -> str:
    """Say that all seats are taken, and offer the list."""
    return (
        f"All {resource.seats} {resource.name} seats are in use, so nothing was "
        "assigned. I can put you on the waiting list if you like."
    )


def not_your_password(company: Company) -> str:
    """Refuse to reset somebody else's password, naming the rule."""
    return (
        f"{OWN_PASSWORD_RULE}, so I left the other one alone. They can ask me "
        f"themselves. {whom_to_ask(company, '')}"
    )


def granted(resource: Resource, grant: str, ends_at: datetime | None) -> str:
    """Say that access was given."""
    if ends_at is None:
        return f"You now have {one(resource, grant)}."
    until = f"{ends_at:%Y-%m-%d %H:%M} UTC"
    return f"You now have {one(resource, grant)}. It ends by itself on {until}."


def ordered(resource: Resource, reference: str) -> str:
    """Say that an order was placed."""
    delivery = f" Delivery takes {resource.delivery}." if resource.delivery else ""
    return f"One {resource.name} is ordered for you ({reference}).{delivery}"


def listed_thing(resource: Resource) -> str:
    """Return what a waiting list is for."""
    return resource.name if resource.grants else one(resource)


def listed(resource: Resource, reference: str, *, wanted_order: bool) -> str:
    """Say that somebody is on a waiting list, and what that is not."""
    place = f"You are on the waiting list for {listed_thing(resource)} ({reference})."
    if wanted_order:
        delivery = (
            f" Once there is one, delivery takes {resource.delivery}."
            if resource.delivery
            else ""
        )
        return f"{place} None is in stock, so it is not ordered yet.{delivery}"
    return f"{place} Nothing is assigned or ordered yet."


def still_available(resource: Resource) -> str:
    """Say that there is no need for a list."""
    return (
        f"There is no need for a waiting list: {resource.name} is available. "
        "Nothing was changed; ask me for it."
    )


def reset_filed(reference: str) -> str:
    """Say that a password reset is under way, and what has not happened yet."""
    return (
        f"Your password reset is filed as {reference}. The one-time link comes the way "
        "your company sends them, never into a channel. Until you use it, your "
        "password stays as it is."
    )


def ticket_opened(reference: str, title: str) -> str:
    """Say that people will look into it."""
    return f"Ticket {reference} is open: {title}. Somebody will get back to you."


def withdrawn(subject: str) -> str:
    """Say that a request was taken back."""
    return f"Your request was withdrawn: {subject}. Nobody can approve it any more."


def not_open() -> str:
    """Say that there is nothing left to withdraw or to change."""
    return "That request is no longer open, so nothing about it was changed."


def not_yours() -> str:
    """Say that only one's own requests can be withdrawn or changed."""
    return "That is not your request, so I left it alone."


def not_done(thing: str) -> str:
    """Say that an interrupted call certainly had no effect."""
    return f"{upper_first(thing)} did not happen, and nothing was changed."


def happened(thing: str, reference: str) -> str:
    """Say that an interrupted call had its effect."""
    return f"{upper_first(thing)} did happen; its reference is {reference}."


def changed(subject: str, change: str) -> str:
    """Say that a request was taken back for a change, and what happens now."""
    return (
        f"I took this request back: {subject}. Nobody can approve it any more. "
        f"With your change (“{change}”) I go on where you asked for it first."
    )


def look_into(step: str) -> str:
    """Return the title of a ticket about a call whose outcome nobody knows."""
    return f"Did this happen? {step}"


def unknown_outcome(
    person: Person, step: str, details: str, *, tool: str, at: datetime, key: str
) -> str:
    """Tell whoever reads a ticket what to find out, and all that is known.

    Args:
        person: For whom the call was.
        step: How its step reads.
        details: Its arguments, in lines.
        tool: What ran.
        at: When this became clear.
        key: The effect's key, for the system that was called.
    """
    return (
        f"{step}: this was started, and its answer was lost. Nobody can tell whether "
        "it happened. Please look, and tell the person; do not repeat it unseen.\n\n"
        f"For: {person.name} <{person.email}>\n"
        f"Tool: {tool}\n"
        f"{details}\n"
        f"Noticed: {at:%Y-%m-%d %H:%M} UTC\n"
        f"Key: {key}"
    )


def subject(
    resource: Resource,
    grant: str,
    person: Person,
    *,
    listed: bool,
    days: int | None = None,
) -> str:
    """Return what exactly a decider is asked to approve."""
    if not resource.grants:
        if listed:
            place = f"on the waiting list for {listed_thing(resource)}"
            return f"Put {person.name} {place} (none in stock)"
        return f"Order one {resource.name} for {person.name}"
    verb = "Assign" if takes_seat(resource, grant) else "Grant"
    until = f" for {span(days * 86400)}" if days else ""
    return f"{verb} {one(resource, grant)} to {person.name}{until}"


def stock(left: int, resource: Resource) -> str:
    """Say how many are left, honestly."""
    if left > 0:
        return str(left)
    delivery = f"; delivery {resource.delivery}" if resource.delivery else ""
    return f"None{delivery}"


def what_approval_does(resource: Resource) -> str:
    """Say that approving something out of stock orders nothing yet."""
    return (
        f"Adds them to the waiting list for {listed_thing(resource)}; "
        "nothing is ordered yet"
    )


def forecast_granted(resource: Resource, grant: str) -> str:
    """Say that a request would be granted at once."""
    return f"You would get {one(resource, grant)} at once, without anybody's approval."


def forecast_staged(resource: Resource, grant: str, stages: tuple[Stage, ...]) -> str:
    """Say who would be asked, in which order."""
    steps = [
        names([a.name for a in stage.approvers])
        + (f" ({stage.need} of them)" if stage.need > 1 else "")
        for stage in stages
    ]
    price = cost(resource, grant)
    costs = f" It costs {price}." if price else ""
    ends = (
        f" Access ends after {span(resource.longest)} by itself."
        if resource.longest
        else ""
    )
    return (
        f"For {one(resource, grant)}, {', then '.join(steps)} would have to agree."
        f"{costs}{ends} Nothing was asked yet."
    )


def nobody_decides(company: Company, shown: str) -> str:
    """Say that there is nobody to ask, so that nothing happens."""
    return (
        f"Somebody other than you must approve {shown}, and there is nobody. Nothing "
        f"was done. {whom_to_ask(company, '')}"
    )


def too_long_to_decide(shown: str) -> str:
    """Say that a request is longer than anybody could check."""
    return (
        f"{shown} needs an approval, and what it would be given is too long to be "
        "shown to whoever decides. Nothing was done. Please make it shorter."
    )


def asked_for_already(step: str, request: OpenRequest) -> str:
    """Say that the same request already waits."""
    return (
        f"You already asked for this ({step}); it waits for "
        f"{names(request.waiting_for)}. No second request was sent."
    )


def asked_for(step: str, person: str) -> str:
    """Return what is asked for, for who decides."""
    return f"{upper_first(step)} for {person}"


def who(person: Person) -> str:
    """Return who asks, for who decides."""
    position = ", ".join(part for part in (person.title, person.department) if part)
    return f"{person.name} ({position})" if position else person.name
