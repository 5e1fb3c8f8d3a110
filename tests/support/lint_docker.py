"""What can be known about the Dockerfile without an engine."""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.cli import parser

_PORT = re.compile(r"127\.0\.0\.1:(\d+)/")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The arguments without options."""
        return [word for word in self.rest.split() if not word.startswith("--")]


def docker_problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with ``deploy/Dockerfile``."""
    instructions = read_dockerfile((root / "deploy" / "Dockerfile").read_text("utf-8"))
    yield from _images(instructions)
    yield from _sources(root, instructions)
    starts = [n for n, one in enumerate(instructions) if one.name == "FROM"]
    final = instructions[starts[-1] :] if starts else []
    yield from _user(final)
    yield from _start(root, final)


def read_dockerfile(text: str) -> list[Instruction]:
    """Return the instructions in order; comments are dropped, lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[Instruction] = []
    for line in joined.splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            found.append(Instruction(name.upper(), rest.strip()))
    return found


def _images(instructions: Sequence[Instruction]) -> Iterator[str]:
    stages: set[str] = set()
    for one in instructions:
        if one.name != "FROM":
            continue
        image, *alias = one.words
        _, _, tag = image.rpartition("/")[2].partition(":")
        if image not in stages and "@sha256:" not in image and not _is_pinned(tag):
            yield f"FROM {image} is not pinned; name a version"
        stages.update(alias[1:2])


def _is_pinned(tag: str) -> bool:
    return any(char.isdigit() for char in tag)


def _sources(root: Path, instructions: Sequence[Instruction]) -> Iterator[str]:
    allowed = _allowed(root)
    for one in instructions:
        if one.name == "ADD":
            yield f"ADD {one.rest}: fetch nothing in a build; use COPY"
        if one.name != "COPY" or "--from=" in one.rest:
            continue
        for source in one.words[:-1]:
            if not (root / source).exists():
                yield f"COPY {source}: there is no such file"
            elif not any(source == a or source.startswith(f"{a}/") for a in allowed):
                yield f"COPY {source}: .dockerignore leaves it out; add !{source}"


def _allowed(root: Path) -> list[str]:
    lines = (root / ".dockerignore").read_text("utf-8").splitlines()
    return [line[1:].strip() for line in lines if line.startswith("!")]


def _user(final: Sequence[Instruction]) -> Iterator[str]:
    users = [one.rest for one in final if one.name == "USER"]
    if not users or users[-1].partition(":")[0] in {"root", "0"}:
        yield "the image runs as root; end with USER and a number"


def _start(root: Path, final: Sequence[Instruction]) -> Iterator[str]:
    said = {one.name: one.rest for one in final}
    if "HEALTHCHECK" not in said:
        yield "there is no HEALTHCHECK"
    if said.get("STOPSIGNAL", "SIGTERM") != "SIGTERM":
        yield "STOPSIGNAL is not SIGTERM, by which the bot drains"
    entry = _exec_form(said.get("ENTRYPOINT", ""))
    scripts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    if len(entry) != 1 or entry[0] not in scripts["scripts"]:
        yield "ENTRYPOINT is not a command of pyproject.toml in exec form"
    arguments = _exec_form(said.get("CMD", ""))
    try:
        options = parser().parse_args(arguments)
    except SystemExit:
        yield f"CMD {arguments} is not understood by the command line"
        return
    if options.host != "0.0.0.0":
        yield "CMD does not listen on 0.0.0.0: nothing outside would reach it"
    checked = _PORT.findall(said.get("HEALTHCHECK", ""))
    ports = {str(options.port), said.get("EXPOSE", ""), *checked}
    if len(ports) != 1:
        yield f"CMD, EXPOSE and HEALTHCHECK name different ports: {sorted(ports)}"


def _exec_form(text: str) -> list[str]:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return []
    return cast("list[str]", parsed) if isinstance(parsed, list) else []
