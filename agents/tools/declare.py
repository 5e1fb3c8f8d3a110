"""Declare a tool: a typed function, and what must be known of it before it runs.

``@tool(effect="read")`` above ``async def look_at_door(setting, arguments: Door)``
makes a `Tool` of that name. What it does is its docstring, its arguments are the class
that its second parameter is annotated with. A tool that changes something says who
has to agree; a tool that says nothing of it is none.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, get_type_hints

from agents.tools.asking import Approval, rule_by, stages_of
from agents.tools.tool import Arguments, Setting, Tool, allow
from bot.company.model import Company
from bot.company.servers import filled, slots_of
from bot.ports.agent import Ruling, ToolResult
from bot.protocol.values import Effect

A = TypeVar("A", bound=Arguments)

NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST_NAME = 60
_PARAMETERS = 2


class tool:  # noqa: N801 - a decorator, which reads as one
    """Make a `Tool` of the function below.

    Args:
        effect: What a second run would do: ``read``, ``idempotent`` or ``once``.
        approval: Who has to agree, in short or as stages; or say ``rule``.
        rule: Decides by itself what may be done; see `Tool.rule`.
        step: How the step reads while it runs: a template in whose braces stand names
            of arguments, or a function of the company and the arguments.
        phrases: How people ask the scripted model for it; names of arguments in braces.
        timeout: Seconds.
        limit: Characters of an answer that a model is given; 0: as the company says.
        recall: See `Tool.recall`.
        settle: See `Tool.settle`.

    Raises:
        TypeError: The function cannot be a tool, and why.
    """

    def __init__(
        self,
        *,
        effect: Effect,
        approval: Approval | None = None,
        rule: Callable[[Setting, Any], Awaitable[Ruling]] | None = None,
        step: str | Callable[[Company, Any], str] = "",
        phrases: Sequence[str] = (),
        timeout: float = 10.0,
        limit: int = 0,
        recall: Callable[..., ToolResult | None] | None = None,
        settle: Callable[[Setting, Any], Awaitable[ToolResult]] | None = None,
    ) -> None:
        self._effect: Effect = effect
        self._approval = approval
        self._rule = rule
        self._step = step
        self._phrases = tuple(phrases)
        self._timeout = timeout
        self._limit = limit
        self._recall = recall
        self._settle = settle

    def __call__(self, run: Callable[[Setting, A], Awaitable[ToolResult]]) -> Tool[A]:
        """Return the tool that runs ``run``."""
        name = getattr(run, "__name__", "")
        arguments = _arguments_of(name, run)
        running = self._running(name, arguments)
        return Tool(
            name=name,
            description=" ".join(_described(name, run).split()),
            arguments=arguments,
            effect=self._effect,
            timeout=self._timeout,
            limit=self._limit,
            phrases=self._asked_with(name, arguments),
            approval=stages_of(self._approval or "none"),
            running=running,
            rule=self._ruling(name, running),
            run=run,
            recall=self._recall,
            settle=self._settle,
        )

    def _running(self, name: str, arguments: type[A]) -> Callable[[Company, A], str]:
        if not isinstance(self._step, str):
            return self._step
        template = self._step or name.replace("_", " ").capitalize()
        unknown = set(slots_of(template)) - set(arguments.model_fields)
        if unknown:
            named = ", ".join(sorted(unknown))
            raise TypeError(f"{name}: step names {named}, which is no argument")

        def running(company: Company, values: A) -> str:
            del company
            return filled(template, values.model_dump(mode="json"))

        return running

    def _asked_with(self, name: str, arguments: type[Arguments]) -> tuple[str, ...]:
        slots = {slot for phrase in self._phrases for slot in slots_of(phrase)}
        if unknown := slots - set(arguments.model_fields):
            named = ", ".join(sorted(unknown))
            raise TypeError(f"{name}: phrases name {named}, which is no argument")
        return self._phrases

    def _ruling(
        self, name: str, running: Callable[[Company, Any], str]
    ) -> Callable[[Setting, Any], Awaitable[Ruling]]:
        if self._rule is not None:
            if self._approval is not None:
                raise TypeError(f"{name}: give rule or approval, not both")
            return self._rule
        if self._approval is None:
            if self._effect != "read":
                raise TypeError(
                    f"{name}: it changes something, so say who has to agree, e.g. "
                    'approval="manager" or approval="none", or give a rule'
                )
            return allow
        return rule_by(
            stages_of(self._approval),
            lambda setting, arguments: running(setting.company, arguments),
        )


def _arguments_of(name: str, run: Callable[[Setting, A], object]) -> type[A]:
    if not NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise TypeError(
            f"{name!r} is no tool's name; use small letters, digits and single _, at "
            f"most {_LONGEST_NAME}"
        )
    if not inspect.iscoroutinefunction(run):
        raise TypeError(f"{name}: write async def")
    parameters = list(inspect.signature(run).parameters)
    if len(parameters) != _PARAMETERS:
        raise TypeError(f"{name}: its parameters must be (setting, arguments)")
    kind: Any = get_type_hints(run).get(parameters[1])
    if not (isinstance(kind, type) and issubclass(kind, Arguments)):
        raise TypeError(
            f"{name}: annotate {parameters[1]} with a class made from Arguments"
        )
    return kind  # pyright: ignore[reportReturnType] - it is what run takes


def _described(name: str, run: Callable[..., object]) -> str:
    said = inspect.getdoc(run)
    if not said:
        raise TypeError(
            f"{name}: its docstring tells the model when to use it; write one"
        )
    return said
