"""A server's tool as the agents' own: ruled on by the company file, then called.

The ruling comes from the company file alone. Approval is given to a fingerprint of the
tool as it was listed, the arguments and the requester: a tool that says or takes
something else by the time it would run does not run.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import cast

from mcp_types import CallToolResult
from pydantic import JsonValue

from agents import policy
from agents.mcp import sentences
from agents.mcp.connection import Connection, NotCalled
from agents.mcp.content import result_of
from agents.mcp.listing import Offer
from agents.mcp.names import shown_name, wire_name
from agents.mcp.schema import SchemaArguments, misfits
from agents.tools.asking import MOST_FACTS, MOST_TO_DECIDE
from agents.tools.registry import AnyTool
from agents.tools.sentences import (
    asked_for,
    asked_for_already,
    bad_arguments,
    nobody_decides,
    too_long_to_decide,
    upper_first,
    who,
)
from agents.tools.tool import Arguments, Setting, Tool, failed
from bot.company.model import Company
from bot.company.servers import McpTool, filled
from bot.ports.agent import Allowed, NeedsApproval, Refused, Ruling, ToolResult
from bot.protocol.ids import PersonId
from bot.protocol.values import Fact

GRACE_SECONDS = 10.0
"""Beyond a call's own limit, to look at the tool before and to tell of it after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """One tool of a server, whether it is offered just now or not."""

    connection: Connection
    wire: str
    shown: str
    said: McpTool

    @property
    def timeout(self) -> float:
        """Seconds for one call."""
        return self.said.timeout or self.connection.server.timeout

    def step(self, values: dict[str, JsonValue]) -> str:
        """Return in words what is to be done."""
        return filled(self.said.step, values) if self.said.step else self.shown

    async def offer(self) -> Offer | NotCalled:
        """Return the tool as it is offered now."""
        try:
            offer = await self.connection.find(self.wire)
        except TimeoutError:
            return NotCalled(why="unreachable", detail=self.connection.problem)
        return offer or NotCalled(why="gone")

    # ------------------------------------------------------------------------- ruling

    async def rule(self, setting: Setting, arguments: Arguments) -> Ruling:
        """Return what the company file says of this call."""
        agents = self.said.agents or self.connection.server.agents
        if setting.call.agent and setting.call.agent not in agents:
            return Refused(reason=sentences.not_theirs(self.shown), policy=self.shown)
        offer, values = await self.offer(), _values(arguments)
        if isinstance(offer, NotCalled):
            return Refused(reason=self._why_not(offer))
        if problems := _problems(offer, values):
            reason = bad_arguments(self.shown, problems)
            return Refused(reason=reason, malformed=True)
        rules = self.said.approval or self.connection.server.approval
        if rules == "deny":
            reason = sentences.forbidden(setting.company, self.shown)
            return Refused(reason=reason, policy=self.shown)
        if rules == "none":
            return Allowed(policy=self.shown)
        staged = policy.staged_by(
            setting.company,
            rules,
            setting.person,
            name=self.shown,
            today=setting.today,
        )
        if staged is None:
            reason = nobody_decides(setting.company, self.shown)
            return Refused(reason=reason, policy=self.shown)
        return await self._ask(setting, offer, values, staged)

    async def _ask(
        self,
        setting: Setting,
        offer: Offer,
        values: dict[str, JsonValue],
        staged: policy.Staged,
    ) -> Ruling:
        too_long = len(_written(values)) > MOST_TO_DECIDE or len(values) > MOST_FACTS
        if too_long:
            return Refused(reason=too_long_to_decide(self.shown))
        step = self.step(values)
        subject = asked_for(step, setting.person.name)
        for request in await setting.records.open_requests(
            setting.tenant, setting.person_id
        ):
            if request.subject == subject and request.turn_id != setting.call.turn_id:
                reason = asked_for_already(step, request)
                return Refused(reason=reason, policy=self.shown)
        return NeedsApproval(
            subject=subject,
            facts=self._facts(setting, values),
            args_hash=hash_of(offer, values, setting.person_id),
            policy=self.shown,
            stages=staged.stages,
        )

    def _facts(
        self, setting: Setting, values: dict[str, JsonValue]
    ) -> tuple[Fact, ...]:
        return (
            Fact(label="Requested by", value=who(setting.person)),
            Fact(label="System", value=f"{self.shown} (MCP)"),
            *(
                Fact(label=label, value=_written(value) or "(empty)")
                for label, value in values.items()
            ),
        )

    # ------------------------------------------------------------------------ running

    async def run(self, setting: Setting, arguments: Arguments) -> ToolResult:
        """Use the tool; what people approved must still be what it is."""
        offer, values = await self.offer(), _values(arguments)
        if isinstance(offer, NotCalled):
            return self._not_called(offer)
        approved = setting.call.approved
        if approved and approved != hash_of(offer, values, setting.person_id):
            return self._not_called(NotCalled(why="changed"))
        if problems := _problems(offer, values):
            return failed(
                f"{self.shown} was not used", bad_arguments(self.shown, problems)
            )
        answer = await self.connection.call(
            offer,
            values,
            key=setting.call.key,
            effect=self.said.effect,
            timeout=self.timeout,
        )
        if isinstance(answer, CallToolResult):
            step = self.step(values)
            carded = self.said.card or self.said.effect != "read"
            return result_of(answer, shown=self.shown, step=step, carded=carded)
        return self._not_called(answer)

    def _not_called(self, why: NotCalled) -> ToolResult:
        return failed(f"{self.shown} was not used", self._why_not(why))

    def _why_not(self, why: NotCalled) -> str:
        match why.why:
            case "unreachable":
                return sentences.unreachable(self.connection.name)
            case "gone":
                return sentences.gone(self.shown)
            case "changed":
                return sentences.changed(self.shown)
            case "not_taken":
                return sentences.refused_by_server(self.shown, why.detail)


def tool_of(connection: Connection, offer: Offer) -> AnyTool:
    """Return a tool that is offered."""
    remote = Remote(
        connection=connection, wire=offer.wire, shown=offer.shown, said=offer.said
    )
    said = offer.said.does or (
        f"A tool of the MCP server {offer.server}, in that server's own words: "
        f"{offer.description}"
    )
    return _tool(remote, offer.arguments, said, offer.description)


def absent_tool(connection: Connection, wire: str) -> AnyTool:
    """Return a tool that is not offered now, for a call of before."""
    named = {wire_name(connection.name, tool): tool for tool in connection.server.tools}
    tool = named.get(wire, wire.partition("__")[2])
    remote = Remote(
        connection=connection,
        wire=wire,
        shown=shown_name(connection.name, tool),
        said=connection.server.tools.get(tool, McpTool()),
    )
    return _tool(remote, SchemaArguments, "", "")


def _tool(
    remote: Remote, arguments: type[SchemaArguments], description: str, about: str
) -> AnyTool:
    def running(company: Company, arguments: Arguments) -> str:
        del company
        return upper_first(remote.step(_values(arguments)))

    return Tool(
        name=remote.wire,
        description=description,
        about=remote.said.does or about,
        arguments=arguments,
        effect=remote.said.effect,
        timeout=remote.timeout + GRACE_SECONDS,
        running=running,
        rule=remote.rule,
        run=remote.run,
        fingerprint=None,  # it binds the tool as it was listed, too
    )


def hash_of(offer: Offer, values: dict[str, JsonValue], person: PersonId) -> str:
    """Return the fingerprint of exactly this call of this tool as it is now."""
    document = json.dumps(
        [offer.shown, offer.fingerprint, values, person],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(document.encode()).hexdigest()


def _values(arguments: Arguments) -> dict[str, JsonValue]:
    return cast("SchemaArguments", arguments).values_given


def _problems(offer: Offer, values: dict[str, JsonValue]) -> str:
    check = offer.arguments.check
    return "; ".join(misfits(check, values)) if check else ""


def _written(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
