"""What each agent is told: its prompt file, the company's words, who asks. Pure."""

from datetime import tzinfo

from pydantic import JsonValue

from agents.models.enclosure import RULE, enclosed, unmarked
from agents.models.port import Prompt
from agents.roster import Agent, Roster
from agents.vocabulary import Thing, Vocabulary
from bot.company.model import Company
from bot.ports.agent import Question
from bot.redaction import redacted_json


def prompt_for(
    company: Company, vocabulary: Vocabulary, roster: Roster, question: Question
) -> Prompt:
    """Return the prompt of the agent that is asked."""
    agent = roster.agents[question.agent]
    lasting = [agent.prompt, f"You work for {company.company.name}."]
    if company.company.help_channel:
        lasting.append(f"People help people in {company.company.help_channel}.")
    if agent.greeting:
        lasting.append(f"Greet with: {agent.greeting}")
    if agent.instructions:
        lasting.append(agent.instructions)
    lasting.append(RULE)
    lasting.append(_catalog(vocabulary, roster, agent))
    return Prompt(
        lasting="\n\n".join(part for part in lasting if part),
        current=_current(question, company.company.zone),
        vocabulary=vocabulary,
        model=agent.model,
        fallback=agent.fallback,
        thinking="" if agent.thinking == "off" else agent.thinking,
    )


def _catalog(vocabulary: Vocabulary, roster: Roster, agent: Agent) -> str:
    leads = agent == roster.coordinator
    own = [
        thing for thing in vocabulary.things if leads or thing.specialist == agent.name
    ]
    lines = [_line(thing) for thing in own]
    handed = roster.handed_by(agent.name)
    lines += [f"- specialist {s.name}: {s.does}" for s in handed]
    return "\n".join(["The catalog:", *lines]) if lines else ""


def _line(thing: Thing) -> str:
    grants = f"; grants: {', '.join(thing.grants)}" if thing.grants else "; ordered"
    called = ", ".join(thing.phrases)
    line = (
        f"- {thing.id} ({thing.kind}): {called}{grants}; "
        f"asked with {thing.asked_with}; specialist {thing.specialist}"
    )
    return unmarked(line)


def _current(question: Question, zone: tzinfo) -> str:
    """Return who asks and what they wait for; names and titles are others' words."""
    facts: dict[str, JsonValue] = {"requester": question.requester.name}
    if question.now:
        facts["now"] = f"{question.now.astimezone(zone):%A, %Y-%m-%d %H:%M %Z}"
    if question.open_requests:
        facts["they wait for"] = [
            {
                "what": request.subject,
                "request": request.approval_id,
                "waits for": list(request.waiting_for),
            }
            for request in question.open_requests
        ]
    return f"Who asks:\n{enclosed(redacted_json(facts))}"
