"""The agents as the engine uses them: the port `bot.ports.agent.Agents`, implemented.

Between a model and the world stand two things here: every call's arguments are
validated, and every call is ruled on for the person that the platform verified. When a
call runs, which may be days later, its arguments and whether that person is still here
are checked again; the ruling itself stands as the people who decided read it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import JsonValue, ValidationError
from typing_extensions import override

from agents import policy
from agents.brief import prompt_for
from agents.models.port import NOT_JSON, Model, Prompt, ToolOffer
from agents.recap import summed_up
from agents.roster import ROOT, roster_of
from agents.skills import skills_of
from agents.toolbox import NOTHING_ATTACHED, Attached, toolbox_of
from agents.tools import sentences
from agents.tools.cleaning import without_secrets
from agents.tools.fitting import fitted
from agents.tools.registry import AnyTool
from agents.tools.ticketing import Wanted, reported
from agents.tools.tool import Arguments, Setting, failed, problems_of
from agents.vocabulary import Skill, Vocabulary, vocabulary_of
from bot.company.limits import HandOffs
from bot.company.model import Company
from bot.company.tickets import HELPDESK
from bot.ports.agent import (
    Agents,
    Call,
    Limits,
    Part,
    Question,
    Refused,
    Ruling,
    ToolResult,
    ToolSpec,
)
from bot.ports.records import Effect, Records
from bot.ports.staff import AsWritten, Staff
from bot.ports.systems import AccessSystem
from bot.ports.tickets import TicketSystem
from bot.protocol.ids import PersonId
from bot.protocol.values import Stage
from bot.redaction import redacted, redacted_json


class AgentsOf(Agents):
    """The agents of one company.

    Args:
        company: The file: people, things, rules, words.
        records: What tools read and change.
        model: Who speaks.
        more: Tools of the company's own.
        attached: Tools that come and go.
        staff: Who works here now; without it, whoever is in the file.
        systems: Where access is given, by name.
        desk: Where tickets go; ``None``: into our records alone.

    Raises:
        ConfigError: The company file names agents that do not exist.
    """

    root = ROOT

    def __init__(
        self,
        company: Company,
        records: Records,
        *,
        model: Model,
        more: Sequence[AnyTool] = (),
        attached: Attached = NOTHING_ATTACHED,
        staff: Staff | None = None,
        systems: Mapping[str, AccessSystem] | None = None,
        desk: TicketSystem | None = None,
    ) -> None:
        self._company = company
        self._staff = staff or AsWritten(company)
        self._systems = systems or {}
        self._desk = desk
        self._records = records
        self._model = model
        self._roster = roster_of(company)
        self._agents = self._roster.agents
        self._toolbox = toolbox_of(company, self._roster, more, attached)
        own = {tool.name for tool in more}
        self._own_skills = skills_of(
            (agent, tool)
            for agent, tools in self._toolbox.offered.items()
            for tool in tools
            if tool.name in own
        )
        self._spoken_of: Company = company
        self._vocabulary = vocabulary_of(company, self._roster)
        self._offers = {
            agent: tuple(map(_offer, tools))
            for agent, tools in self._toolbox.offered.items()
        }

    @override
    def knows(self, agent: str) -> bool:
        return agent in self._agents

    @override
    def called(self, agent: str) -> str:
        # It may have gone since the hand-off was asked for: then its part ends.
        declared = self._agents.get(agent)
        return declared.title if declared else agent

    @override
    def model_name(self, agent: str) -> str:
        return self._model.name_for(self._agents[agent].model)

    @override
    def limits(self, agent: str) -> Limits:
        declared = self._agents[agent]
        asks = {"asks": declared.asks} if declared.asks else {}
        return Limits(**asks, tokens=declared.tokens)

    @override
    def hand_offs(self) -> HandOffs:
        return self._company.limits.hand_offs

    @override
    def footer(self) -> str:
        return self._model.footer()

    @override
    def spec(self, name: str) -> ToolSpec | None:
        tool = self._toolbox.find(name)
        if tool is None:
            return None
        return ToolSpec(
            effect=tool.effect, timeout=tool.timeout, handoff_to=tool.handoff_to
        )

    @override
    def title(self, name: str, arguments: dict[str, JsonValue]) -> str:
        tool = self._toolbox.find(name)
        return redacted(tool.title(self._company, arguments)) if tool else name

    @override
    def ask(self, question: Question) -> AsyncIterator[Part]:
        prompt, offers = self._told(question)
        return self._model.ask(prompt, offers, question)

    @override
    def tokens_of(self, question: Question) -> int:
        prompt, offers = self._told(question)
        return self._model.tokens_of(prompt, offers, question)

    @override
    def summarise(self, question: Question) -> AsyncIterator[Part]:
        return summed_up(self._model, self._vocabulary, question)

    def _told(self, question: Question) -> tuple[Prompt, tuple[ToolOffer, ...]]:
        """Return what is asked besides the question's messages."""
        agent = self._agents[question.agent]
        words = replace(self._words(), skills=self._skills())
        prompt = prompt_for(self._company, words, self._roster, question)
        attached = map(_offer, self._toolbox.attached.offered(agent.name))
        return prompt, (*self._offers[agent.name], *attached)

    def _skills(self) -> tuple[Skill, ...]:
        """Return what the tools that are not ours can do just now."""
        offered = self._toolbox.attached.offered
        attached = ((agent, t) for agent in self._agents for t in offered(agent))
        return (*self._own_skills, *skills_of(attached))

    @override
    async def rule(self, call: Call) -> Ruling:
        tool = self._toolbox.find(call.name)
        if tool is None or not self._toolbox.is_for(call.agent, tool):
            return _malformed(call, "no such tool")
        arguments = _parse(tool, call)
        if isinstance(arguments, str):
            return _malformed(call, arguments)
        setting = await self._setting(call)
        if setting is None:
            return Refused(reason=sentences.stranger(self._company))
        if _is_over(tool, setting):
            return Refused(
                reason=sentences.contract_over(self._company, setting.person)
            )
        return await tool.rule(setting, arguments)

    @override
    async def run(self, call: Call) -> ToolResult:
        tool = self._toolbox.find(call.name)
        if tool is None:
            return _not_run(call, "no such tool")
        arguments = _parse(tool, call)
        if isinstance(arguments, str):
            return _not_run(call, arguments)
        setting = await self._setting(call)
        if setting is None:
            return failed("Nothing was done", sentences.stranger(self._company))
        if _is_over(tool, setting):
            sentence = sentences.contract_over(self._company, setting.person)
            return failed("Nothing was done", sentence)
        if _is_another(tool, setting, arguments):
            return failed("Nothing was done", sentences.approved_another(call.name))
        return self._kept(tool, await tool.run(setting, arguments))

    @override
    async def probe(self, call: Call) -> ToolResult | None:
        tool = self._toolbox.find(call.name)
        if tool is None or not (tool.recall or tool.settle):
            return None
        arguments = _parse(tool, call)
        setting = await self._setting(call)
        known = None if isinstance(arguments, str) else arguments
        if tool.settle and (known is None or tool.elsewhere(self._company, known)):
            settled = await tool.settle(setting, known) if setting and known else None
            return self._kept(tool, settled) if settled else None
        effect = await self._records.settle_effect(call.tenant_id, call.key)
        title = tool.title(self._company, call.arguments)
        if effect is None:
            return failed(f"{title}: did not happen", sentences.not_done(title))
        recalled = (
            tool.recall(setting, known, effect)
            if tool.recall and setting and known
            else None
        )
        return self._kept(tool, recalled or _happened(title, effect))

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        setting = await self._setting(call)
        if setting is None:
            return None
        about = sentences.look_into(title)
        shown = redacted_json(call.arguments)
        assert isinstance(shown, dict), "arguments are an object"
        details = "\n".join(f"{name}: {value}" for name, value in shown.items())
        wanted = Wanted(
            key=f"{call.key}:report",
            title=about,
            body=sentences.unknown_outcome(
                setting.person,
                title,
                details,
                tool=call.name,
                at=call.now.astimezone(UTC),
                key=call.key,
            ),
            queue=HELPDESK,
        )
        return without_secrets(await reported(setting, wanted))

    @override
    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        company = await self._staff.company()
        return policy.escalate(
            company, stage, requester_id, today=now.astimezone(UTC).date()
        )

    def _words(self) -> Vocabulary:
        """Return the company's words, with the names of who was pushed since."""
        known = self._staff.known
        if known is not self._spoken_of:
            self._vocabulary = vocabulary_of(known, self._roster)
            self._spoken_of = known
        return self._vocabulary

    def _kept(self, tool: AnyTool, result: ToolResult) -> ToolResult:
        """Return what may be kept and shown of a result: no secrets, and not too much."""
        clean = without_secrets(result)  # first, so that no half of one is left over
        most = tool.limit or self._company.tools.limit
        return replace(clean, content=fitted(clean.content, most))

    async def _setting(self, call: Call) -> Setting | None:
        if not call.requester.person_id:
            return None
        person = await self._records.find_person(
            call.tenant_id, call.requester.person_id
        )
        if person is None:
            return None
        company = await self._staff.company()
        listed = company.person(person.id)
        if listed:  # who manages whom is known only with everybody else
            person = person.model_copy(update={"manager": listed.manager})
        return Setting(
            company=company,
            records=self._records,
            call=call,
            person=person,
            systems=self._systems,
            desk=self._desk,
            accounts=listed.accounts if listed else {},
        )


def _malformed(call: Call, problems: str) -> Refused:
    reason = sentences.bad_arguments(call.name, problems)
    return Refused(reason=reason, malformed=True)


def _offer(tool: AnyTool) -> ToolOffer:
    return ToolOffer(name=tool.name, description=tool.description, schema=tool.schema())


def _parse(tool: AnyTool, call: Call) -> Arguments | str:
    """Return the call's arguments, or what is wrong with them."""
    if NOT_JSON in call.arguments:
        return f"the arguments are not JSON, but {call.arguments[NOT_JSON]!r}"
    try:
        return tool.arguments.model_validate(call.arguments)
    except ValidationError as error:
        return problems_of(error)


def _is_over(tool: AnyTool, setting: Setting) -> bool:
    """Return whether the requester may change nothing, because they have left."""
    return tool.effect != "read" and policy.has_ended(setting.person, setting.today)


def _is_another(tool: AnyTool, setting: Setting, arguments: Arguments) -> bool:
    """Return whether people approved something else than this call."""
    approved = setting.call.approved
    if not approved or tool.fingerprint is None:
        return False
    return approved != tool.fingerprint(tool.name, arguments, setting.person_id)


def _happened(title: str, effect: Effect) -> ToolResult:
    """Return the result of an effect for which its tool has no words any more."""
    return ToolResult(
        outcome="done",
        title=title,
        content={
            "status": "done",
            "reference": effect.reference,
            "sentence": sentences.happened(title, effect.reference),
        },
        reference=effect.reference,
    )


def _not_run(call: Call, problems: str) -> ToolResult:
    return failed(
        f"{call.name} was not run", sentences.bad_arguments(call.name, problems)
    )
