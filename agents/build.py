"""Put the agents together: the one call that the roof makes."""

from collections.abc import Callable, Mapping, Sequence

from agents.loop import AgentsOf
from agents.models.anthropic import AnthropicModel
from agents.models.port import Model
from agents.models.scripted import ScriptedModel
from agents.toolbox import NOTHING_ATTACHED, Attached
from agents.tools.registry import AnyTool
from bot.clock import Clock
from bot.company.model import Company
from bot.ports.records import Records
from bot.ports.staff import Staff
from bot.ports.systems import AccessSystem
from bot.ports.tickets import TicketSystem

DEFAULT_MODEL = "claude-sonnet-5-5"
"""Used when a key is set and no model is named."""


def build_agents(
    company: Company,
    records: Records,
    clock: Clock,
    *,
    anthropic_api_key: str = "",
    anthropic_base_url: str = "",
    model: str = "",
    fallback: str = "",
    summaries: str = "",
    words_per_second: float = 18.0,
    through: Callable[[Model], Model] = lambda model: model,
    more: Sequence[AnyTool] = (),
    attached: Attached = NOTHING_ATTACHED,
    staff: Staff | None = None,
    systems: Mapping[str, AccessSystem] | None = None,
    desk: TicketSystem | None = None,
) -> AgentsOf:
    """Return the agents of ``company``.

    Args:
        company: The company file.
        records: What tools read and change.
        clock: Paces the scripted model and the retries of the other.
        anthropic_api_key: Empty: the scripted model speaks.
        anthropic_base_url: Empty: Anthropic's own.
        model: Which Claude; empty: `DEFAULT_MODEL`.
        fallback: Which is asked where that one fails; empty: none.
        summaries: Which sums up long conversations; empty: ``model``.
        words_per_second: How fast the scripted model writes; 0: at once.
        through: What is between the agents and who speaks.
        more: Tools of the company's own.
        attached: Tools that come and go.
        staff: Who works here now; without it, whoever is in the file.
        systems: Where access is given, by name; ``None``: nowhere.
        desk: Where tickets go; ``None``: into our records alone.

    Raises:
        ConfigError: The company file names agents that do not exist.
    """
    speaker: Model
    if anthropic_api_key:
        speaker = AnthropicModel(
            api_key=anthropic_api_key,
            base_url=anthropic_base_url,
            model=model or DEFAULT_MODEL,
            fallback=fallback,
            summaries=summaries,
            clock=clock,
        )
    else:
        speaker = ScriptedModel(clock, words_per_second=words_per_second)
    return AgentsOf(
        company,
        records,
        model=through(speaker),
        more=more,
        attached=attached,
        staff=staff,
        systems=systems,
        desk=desk,
    )
