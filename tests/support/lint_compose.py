"""What can be known about the compose file without an engine."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.outline import Outline, OutlineError, read_outline

_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|API_KEY", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^:/@]*:(?P<password>[^@]+)@")
_VARIABLE = re.compile(r"\$\{\w+(?::?[?-][^}]*)?\}")


def compose_problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with ``deploy/compose.yaml``."""
    folder = root / "deploy"
    try:
        outline = read_outline((folder / "compose.yaml").read_text("utf-8"))
    except OutlineError as error:
        yield str(error)
        return
    services = [path[1] for path in outline if path[:1] == ("services",) and path[2:3]]
    for service in dict.fromkeys(services):
        yield from _service(folder, outline, service)
    if not {"bot", "postgres"} <= set(services):
        yield "there must be the services bot and postgres"
    yield from _secrets(outline)


def _service(folder: Path, outline: Outline, service: str) -> Iterator[str]:
    def said(*path: str) -> str:
        return outline.get(("services", service, *path), "")

    image = said("image")
    if not any(char.isdigit() for char in image.partition(":")[2]):
        yield f"{service}: image {image!r} is not pinned; name a version"
    if said("build", "context"):
        context = (folder / said("build", "context")).resolve()
        if not (context / said("build", "dockerfile")).is_file():
            yield f"{service}: there is no {said('build', 'dockerfile')!r}"
    elif not said("healthcheck", "test"):
        # What is built here has its check in the Dockerfile.
        yield f"{service}: there is no healthcheck"
    for path, value in outline.items():
        match path:
            case ("services", owner, *rest) if owner == service:
                yield from (
                    f"{service}: {problem}" for problem in _part(outline, rest, value)
                )
            case _:
                pass


def _part(outline: Outline, path: Sequence[str], value: str) -> Iterator[str]:
    match path:
        case ["ports", _] if not value.startswith("127."):
            yield f"port {value!r} is open to everybody; TLS belongs before it"
        case ["depends_on", other] if ("services", other) not in outline:
            yield f"depends on {other!r}, which is no service"
        case ["volumes", _]:
            name = value.partition(":")[0]
            if not name.startswith((".", "/")) and ("volumes", name) not in outline:
                yield f"volume {name!r} is not declared"
        case _:
            pass


def _secrets(outline: Outline) -> Iterator[str]:
    for path, value in outline.items():
        if "environment" not in path or not value:
            continue
        kept = _URL_PASSWORD.search(value)
        secret = kept["password"] if kept else value if _SECRET.search(path[-1]) else ""
        if secret and not _VARIABLE.fullmatch(secret):
            yield f"{path[-1]} holds a secret; take it from the environment: ${{…}}"
