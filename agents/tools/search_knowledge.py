"""Find articles that answer a question, and cite them."""

import re

from pydantic import Field

from agents.language import stems
from agents.relevance import fit
from agents.tools.tool import Arguments, Setting, Tool
from bot.company.model import Company
from bot.ports.agent import ToolResult
from bot.ports.records import Article
from bot.protocol.values import Source

_MAX_ARTICLES = 3
_MAX_QUOTE = 200


class KnowledgeArguments(Arguments):
    """What to look for."""

    query: str = Field(
        min_length=1,
        max_length=200,
        description="A few keywords, as they would stand in the article.",
    )


async def run(setting: Setting, arguments: KnowledgeArguments) -> ToolResult:
    """Return what was found, best fit first; cite only what is about the question."""
    query = arguments.query
    found = await setting.records.search_knowledge(
        setting.tenant, query, limit=_MAX_ARTICLES
    )
    articles = sorted(found, key=lambda a: -fit(a.title, a.body, query))
    cited = [a for a in articles[:1] if fit(a.title, a.body, query) > 0]
    return ToolResult(
        outcome="done",
        title=(f"Found “{cited[0].title}”" if cited else "Found no article on that"),
        content={
            "articles": [
                {
                    "ref": article.ref,
                    "title": article.title,
                    "owner": article.owner,
                    "updated": article.updated,
                    "text": article.body,
                }
                for article in articles
            ]
        },
        sources=tuple(_source(article, query) for article in cited),
    )


def _source(article: Article, query: str) -> Source:
    wanted = set(stems(query))
    lines = [
        line.strip()
        for line in re.split(r"\n+|(?<=[.!?])\s", article.body)
        if line.strip() and not line.startswith("#")
    ]
    best = max(lines, key=lambda line: len(wanted & set(stems(line))), default="")
    return Source(title=article.title, ref=article.ref, quote=best[:_MAX_QUOTE])


def running(company: Company, arguments: KnowledgeArguments) -> str:
    """Return how the step reads while it runs."""
    del company
    return f"Looking for “{arguments.query}” in the knowledge base"


SEARCH_KNOWLEDGE = Tool(
    name="search_knowledge",
    description=(
        "Search the company's articles. Answer from what they say and name the "
        "article; what they do not say, you do not know."
    ),
    arguments=KnowledgeArguments,
    effect="read",
    running=running,
    run=run,
)
