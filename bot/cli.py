"""The ``deskhand`` command: parses arguments, prints errors as people need them."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from typing_extensions import override

from bot.errors import ConfigError, DeskhandError

EXIT_CONFIG = 2
EXIT_FAILED = 1

_DESCRIPTION = """\
Deskhand takes employees' IT requests in Slack and Microsoft Teams, shows their
progress by editing messages, and lets managers approve with a button.

Start with `deskhand demo`: everything on this machine, no account needed.
"""
_SETTINGS = """\
Settings come from the environment; docs/settings.md lists all of them, and a wrong
one stops the start with a message that names it and the fix.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    options = parser().parse_args(arguments)
    try:
        # Imported only now: `deskhand --help` needs none of it.
        module, _, name = options.run.partition(":")
        run = getattr(import_module(f"bot.commands.{module}"), name)
        status = asyncio.run(run(options))
        sys.stdout.flush()
    except DeskhandError as error:
        status = _complain(error)
    except BaseExceptionGroup as group:
        error = _meant(group)
        if error is None:
            raise
        status = _complain(error)
    except BrokenPipeError:
        # Whoever read our output has enough, e.g. `deskhand turns list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)


def _complain(error: DeskhandError) -> int:
    sys.stderr.write(f"deskhand: {error}\n{error.hint}\n")
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED


def _meant(group: BaseExceptionGroup[BaseException]) -> DeskhandError | None:
    """Return the error raised on purpose, if tasks that ran together ended by it."""
    ours = group.subgroup(DeskhandError)
    while isinstance(ours, BaseExceptionGroup):
        ours = ours.exceptions[0]
    return ours if isinstance(ours, DeskhandError) else None


class _Help(argparse.RawDescriptionHelpFormatter):
    """Keeps each command and what it does on one line.

    argparse leaves out the commands' indent when it counts how wide they are.
    """

    _INDENT = 2

    @override
    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        names = [len(name) for name in action.choices or ()]
        longest = max(names, default=0) + self._current_indent + self._INDENT
        self._action_max_length = max(self._action_max_length, longest)


def parser() -> argparse.ArgumentParser:
    """Return the parser; every command sets ``run`` to ``module:function``."""
    top = argparse.ArgumentParser(
        prog="deskhand",
        description=_DESCRIPTION,
        epilog=_SETTINGS,
        formatter_class=_Help,
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_serve(commands)
    _add_migrate(commands)
    _add_turns(commands)
    _add_knowledge(commands)
    _add_eval(commands)
    _add_doctor(commands)
    _add_manifest(commands)
    _add_bench(commands)
    return top


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:  # noqa: PLR2004 - as TCP has it
        raise argparse.ArgumentTypeError(f"{text} is no port; use 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few; use 1 or more")
    return number


def _percent(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 100:  # noqa: PLR2004 - as per cent has it
        raise argparse.ArgumentTypeError(f"{text} is no per cent; use 0 to 100")
    return number


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name


def _add_demo(commands: "_Commands[argparse.ArgumentParser]") -> None:
    demo_ = commands.add_parser(
        "demo",
        help="everything on this machine: be the employee and the manager",
        description="Run the whole product on this machine with stand-ins for Slack "
        "and Teams that speak the real wire protocols, and open a web page on which "
        "you are the employee and the manager. Needs no account and no network.",
    )
    demo_.add_argument(
        "--port", type=_port, default=0, help="of the page (default: a free one)"
    )
    demo_.add_argument(
        "--no-browser", action="store_true", help="do not open a browser"
    )
    demo_.add_argument(
        "--company",
        type=Path,
        default=None,
        help="another company file (default: the sample company)",
    )
    demo_.add_argument(
        "--profile",
        choices=("calm", "slow", "flaky", "rationed"),
        default="calm",
        help="how the platforms behave: a good day, slow answers, faults, or rates "
        "used up by others (default: %(default)s)",
    )
    demo_.set_defaults(run="demo:run")


def _add_serve(commands: "_Commands[argparse.ArgumentParser]") -> None:
    serve_ = commands.add_parser(
        "serve",
        help="the bot",
        description="Run the bot: Slack on POST /slack/events, Teams on "
        "POST /api/messages. GET /readyz answers 200 when it works. SIGTERM drains.",
        epilog=_SETTINGS,
    )
    serve_.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    serve_.add_argument("--port", type=_port, default=8080, help="default: %(default)s")
    serve_.set_defaults(run="serve:run")


def _add_migrate(commands: "_Commands[argparse.ArgumentParser]") -> None:
    migrate_ = commands.add_parser(
        "migrate",
        help="bring the database's schema up to date",
        description="Apply the migrations that are missing. Safe to run while the "
        "previous release is serving, and by several replicas at once.",
    )
    migrate_.add_argument(
        "--check", action="store_true", help="only say what is missing; exit 1 if any"
    )
    migrate_.set_defaults(run="migrate:run")


def _add_turns(commands: "_Commands[argparse.ArgumentParser]") -> None:
    turns_ = commands.add_parser(
        "turns",
        help="the log, in a terminal",
        description="Look at turns: list them, show one's events, or replay one.",
    )
    kinds = turns_.add_subparsers(title="what", required=True, metavar="WHAT")
    listing = kinds.add_parser("list", help="the turns changed last")
    listing.add_argument(
        "--limit", type=_count, default=20, help="default: %(default)s"
    )
    listing.set_defaults(run="turns:run_list")
    for name, run, text in (
        ("show", "turns:run_show", "one turn's events"),
        ("replay", "turns:run_replay", "what people saw of a turn, step by step"),
    ):
        one = kinds.add_parser(name, help=text, description=f"Print {text}.")
        one.add_argument("turn_id", help="the id, or its first letters")
        one.set_defaults(run=run)


def _add_knowledge(commands: "_Commands[argparse.ArgumentParser]") -> None:
    knowledge_ = commands.add_parser(
        "knowledge",
        help="the articles: import, list, search, remove",
        description="Look after the articles that answers come from. Those in the "
        "folder beside the company file are read by `deskhand serve`, which follows "
        "its changes; imported ones are kept apart from them and stay until removed.",
    )
    kinds = knowledge_.add_subparsers(title="what", required=True, metavar="WHAT")
    adding = kinds.add_parser(
        "import",
        help="read files and folders into the database",
        description="Read Markdown and text files (.md, .markdown, .txt), and folders "
        "of them, into the database. An article imported before under the same name is "
        "replaced. A running bot finds them at once.",
    )
    adding.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    adding.set_defaults(run="knowledge:run_import")
    listing = kinds.add_parser("list", help="all articles", description="List them.")
    listing.set_defaults(run="knowledge:run_list")
    looking = kinds.add_parser(
        "search",
        help="what a question finds",
        description="Print the sections that fit a question best, and how well. "
        "Exits 1 if none answers it.",
    )
    looking.add_argument("question", help="in English, German or Spanish")
    looking.add_argument("--limit", type=_count, default=3, help="default: %(default)s")
    looking.set_defaults(run="knowledge:run_search")
    removing = kinds.add_parser(
        "remove",
        help="remove imported articles",
        description="Remove imported articles: all that are named, or none.",
    )
    removing.add_argument("refs", nargs="+", metavar="NAME")
    removing.set_defaults(run="knowledge:run_remove")


def _add_eval(commands: "_Commands[argparse.ArgumentParser]") -> None:
    eval_ = commands.add_parser(
        "eval",
        help="play scenario files with any model",
        description="Play conversations on the real engine and hold what comes of them "
        "against what must: effects, requests, refusals and words. Exits 1 where fewer "
        "pass than --at-least. Nothing is sent to anybody.",
    )
    eval_.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="default: evals/*.toml beside the company file",
    )
    eval_.add_argument(
        "--company", type=Path, default=None, help="default: DESKHAND_CONFIG"
    )
    eval_.add_argument("--only", default="", help="only what has this in its name")
    eval_.add_argument(
        "--model",
        default="",
        help="'scripted', or a Claude (default: as the bot would speak)",
    )
    eval_.add_argument(
        "--jobs", type=_count, default=4, help="at once (default: %(default)s)"
    )
    eval_.add_argument(
        "--times",
        type=_count,
        default=1,
        help="each is played: models differ from one time to the next "
        "(default: %(default)s)",
    )
    eval_.add_argument(
        "--at-least",
        type=_percent,
        default=100.0,
        metavar="PERCENT",
        help="that must pass (default: %(default)g)",
    )
    eval_.add_argument(
        "--patience",
        type=_count,
        default=180,
        metavar="SECONDS",
        help="that one step may take (default: %(default)s)",
    )
    eval_.add_argument(
        "--json", type=Path, default=None, help="also write the report to this file"
    )
    eval_.set_defaults(run="eval:run")


def _add_doctor(commands: "_Commands[argparse.ArgumentParser]") -> None:
    doctor_ = commands.add_parser(
        "doctor",
        help="check settings, database, company file and platforms",
        description="Check everything the bot needs and say how to fix what is wrong.",
    )
    doctor_.set_defaults(run="doctor:run")


def _add_manifest(commands: "_Commands[argparse.ArgumentParser]") -> None:
    manifest_ = commands.add_parser(
        "manifest",
        help="a ready-made app manifest",
        description="Print the manifest to create the app with.",
    )
    manifest_.add_argument("platform", choices=("slack", "teams"))
    manifest_.add_argument(
        "--host", required=True, help="where the bot is reached, e.g. bot.example.com"
    )
    manifest_.set_defaults(run="manifest:run")


def _add_bench(commands: "_Commands[argparse.ArgumentParser]") -> None:
    bench_ = commands.add_parser(
        "bench",
        help="the benchmarks, as a table and as JSON",
        description="Measure this machine with the real bot against the stand-ins. "
        "Takes some minutes.",
    )
    bench_.add_argument(
        "--json", type=Path, default=None, help="also write the figures to this file"
    )
    bench_.add_argument(
        "--only", default="", help="measure only what has this in its name"
    )
    bench_.set_defaults(run="bench:run")


if __name__ == "__main__":
    main()
