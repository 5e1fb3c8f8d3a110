"""A company's own tools: Python files beside its company file, or installed modules.

They are loaded when the bot starts, and whatever is wrong with any of them stops it:
all problems at once. Such a file is code of this bot: it may do what the bot may.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

from agents.tools.declare import NAME
from agents.tools.hand_off import PREFIX
from agents.tools.registry import TOOLS, AnyTool
from agents.tools.tool import Tool
from bot.company.model import Company
from bot.company.servers import problems_of_stage
from bot.errors import ConfigError
from bot.redaction import redacted

FOLDER = "tools"
"""Beside the company file; each file in it whose name does not begin with ``_``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTool:
    """One tool, and where it is from."""

    tool: AnyTool
    place: str


def own_tools(company: Company, folder: Path) -> tuple[OwnTool, ...]:
    """Return the tools of ``company`` that are not ours.

    Args:
        company: Names the modules.
        folder: Where the company file is.

    Raises:
        ConfigError: A module cannot be loaded, or has what is no tool.
    """
    found: list[OwnTool] = []
    problems: list[str] = []
    for place, module in _modules(company, folder):
        if isinstance(module, str):
            problems.append(f"{place}: {module}")
            continue
        own = _tools_in(module)
        if not own:
            problems.append(f"{place}: there is no tool in it; write one with @tool(…)")
        for tool in own:
            problems += [
                f"{place}: {problem}"
                for problem in _problems(company, tool, [t.tool.name for t in found])
            ]
            found.append(OwnTool(tool=tool, place=place))
    if problems:
        raise ConfigError("the company's own tools", problems)
    return tuple(found)


def _tools_in(module: ModuleType) -> list[AnyTool]:
    """Return what is declared in ``module``, once each; ours may be imported there."""
    here: list[AnyTool] = []
    for value in vars(module).values():
        declared: object = value
        if isinstance(declared, Tool):
            tool = cast("AnyTool", declared)
            if tool not in (*TOOLS.values(), *here):
                here.append(tool)
    return here


def _problems(company: Company, tool: AnyTool, taken: Collection[str]) -> Iterator[str]:
    name = tool.name
    if not NAME.fullmatch(name):
        yield f"{name!r} is no tool's name; use small letters, digits and single _"
    if name in TOOLS or name.startswith(PREFIX):
        yield f"{name} is the name of one of ours; call it something else"
    if name in taken:
        yield f"there are two tools called {name}"
    for stage in tool.approval:
        for problem in problems_of_stage(stage, company.deciders, company.deciding):
            yield f"{name}: {problem}"


def _modules(company: Company, folder: Path) -> Iterator[tuple[str, ModuleType | str]]:
    """Yield each module, or why there is none."""
    for file in sorted((folder / FOLDER).glob("[!_]*.py")):
        yield f"{FOLDER}/{file.name}", _loaded(file)
    for name in company.tools.modules:
        yield f"module {name}", _imported(name)


def _imported(name: str) -> ModuleType | str:
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a module raises is its problem
        return _why(error)


def _loaded(file: Path) -> ModuleType | str:
    name = f"deskhand_tool_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None, "a .py file can be loaded"
    assert spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a file raises is its problem
        del sys.modules[name]
        return _why(error)
    return module


def _why(error: Exception) -> str:
    """Return what is wrong, and in which line of somebody else's file."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__).parents[2]
    theirs = [f for f in frames if not Path(f.filename).is_relative_to(ours)]
    theirs = [f for f in theirs if "importlib" not in f.filename]
    where = f"line {theirs[-1].lineno}: " if theirs else ""
    said = redacted(str(error))
    return (
        f"{where}{said}"
        if type(error) is TypeError
        else (f"{where}{type(error).__name__}: {said}")
    )
