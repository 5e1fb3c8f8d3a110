"""What a company's own tools and its servers' can do, as data for the scripted model.

A language model reads names, descriptions and schemas; the scripted one compares them
with what somebody says. Neither is told more than the other. Pure.
"""

from collections.abc import Iterable

from agents.mcp.names import BETWEEN
from agents.tools.registry import AnyTool
from agents.vocabulary import Skill


def skills_of(offered: Iterable[tuple[str, AnyTool]]) -> tuple[Skill, ...]:
    """Return what can be done with some tools.

    Args:
        offered: Each agent with a tool that it may use.
    """
    agents: dict[str, list[str]] = {}
    tools: dict[str, AnyTool] = {}
    for agent, tool in offered:
        tools[tool.name] = tool
        agents.setdefault(tool.name, []).append(agent)
    return tuple(
        Skill(
            tool=tool.name,
            shown=tool.name.replace(BETWEEN, "."),
            agents=tuple(agents[tool.name]),
            does=tool.about or tool.description,
            phrases=tool.phrases,
            looks=tool.effect == "read",
            schema=tool.schema(),
        )
        for tool in tools.values()
    )
