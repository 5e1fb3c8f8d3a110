"""Find things that people can ask for, with what is left of them."""

from pydantic import Field, JsonValue

from agents.catalog import cost, find_resource, request_tool, span
from agents.language import content_words, stems
from agents.tools.declare import tool
from agents.tools.tool import Arguments, Setting, found
from bot.company.model import Company, Resource
from bot.ports.agent import ToolResult

_MAX_FOUND = 8


class CatalogArguments(Arguments):
    """What to look for."""

    query: str = Field(
        default="",
        max_length=100,
        description="An id, a name or what people call it; empty lists everything.",
    )


def running(company: Company, arguments: CatalogArguments) -> str:
    """Return how the step reads while it runs."""
    resource = find_resource(company, arguments.query)
    name = resource.name if resource else arguments.query
    return f"Looking up {name or 'everything'} in the catalog"


@tool(effect="read", step=running)
async def look_up_catalog(setting: Setting, arguments: CatalogArguments) -> ToolResult:
    """Find what people can ask for: ids, grants, costs, what is left and what they have.

    Look here before asking for anything.
    """
    matching = _matching(setting.company, arguments.query)
    held = {
        grant.resource_id: grant.grant
        for grant in reversed(
            await setting.records.grants_of(setting.tenant, setting.person_id)
        )
    }
    entries: list[JsonValue] = [
        await _entry(setting, resource, held.get(resource.id, ""))
        for resource in matching[:_MAX_FOUND]
    ]
    title = (
        f"Found {matching[0].name} in the catalog"
        if len(matching) == 1
        else f"Found {len(matching)} entries in the catalog"
    )
    return found(title, {"resources": entries})


async def _entry(setting: Setting, resource: Resource, held: str) -> JsonValue:
    owner = setting.company.person(resource.owner)
    entry: dict[str, JsonValue] = {
        "id": resource.id,
        "name": resource.name,
        "kind": resource.kind,
        "specialist": resource.specialist,
        "ask_with": request_tool(resource),
        "owner": owner.name if owner else "",
        "you_have": held or None,
    }
    if resource.grants:
        entry["grants"] = list(resource.grants)
        entry["cost"] = {g: cost(resource, g) for g in resource.grants}
    if resource.price is not None:
        entry["price"] = cost(resource)
    if resource.seats is not None:
        entry["seats_left"] = await setting.records.seats_left(
            setting.tenant, resource.id
        )
    if resource.stock is not None:
        entry["in_stock"] = await setting.records.stock_left(
            setting.tenant, resource.id
        )
    if resource.delivery:
        entry["delivery"] = resource.delivery
    if resource.longest:
        entry["ends_after"] = span(resource.longest)
    return entry


def _matching(company: Company, query: str) -> list[Resource]:
    if not query:
        return list(company.resources)
    if exact := find_resource(company, query):
        return [exact]
    wanted = {stem for word in content_words(query) for stem in stems(word)}
    scored = [
        (len(wanted & {s for name in _names(r) for s in stems(name)}), r)
        for r in company.resources
    ]
    best = sorted((s for s in scored if s[0]), key=lambda s: -s[0])
    return [resource for _, resource in best]


def _names(resource: Resource) -> tuple[str, ...]:
    return (resource.name, resource.kind, *resource.aliases)
