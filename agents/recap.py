"""Have a model sum up what is too long to be told in full."""

from collections.abc import AsyncGenerator
from functools import cache
from importlib.resources import files

from agents.models.enclosure import RULE
from agents.models.port import Model, Prompt
from agents.vocabulary import Vocabulary
from bot.ports.agent import Part, Question


async def summed_up(
    model: Model, vocabulary: Vocabulary, question: Question
) -> AsyncGenerator[Part]:
    """Stream what the model makes of the question's messages; nothing: it cannot.

    Raises:
        ModelError: The model refused or failed.
    """
    name = model.summaries()
    if name is None:
        return
    prompt = Prompt(
        lasting=f"{_prompt()}\n\n{RULE}",
        current="",
        vocabulary=vocabulary,
        model=name,
    )
    parts = model.ask(prompt, (), question)
    try:
        async for part in parts:
            yield part
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


@cache
def _prompt() -> str:
    folder = files("agents").joinpath("prompts", "tasks")
    return folder.joinpath("summary.md").read_text("utf-8").strip()
