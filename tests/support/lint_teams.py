"""Whether the Teams app manifest, with its icons, can be uploaded.

Source: https://learn.microsoft.com/microsoftteams/platform/resources/schema/manifest-schema
"""

import json
import re
import struct
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LENGTHS: Mapping[tuple[str, ...], int] = {
    ("name", "short"): 30,
    ("name", "full"): 100,
    ("description", "short"): 80,
    ("description", "full"): 4000,
    ("developer", "name"): 32,
    ("developer", "websiteUrl"): 2048,
    ("developer", "privacyUrl"): 2048,
    ("developer", "termsOfUseUrl"): 2048,
}
"""Characters at most; each must be there."""
ICONS: Mapping[str, int] = {"color": 192, "outline": 32}
"""Width and height of each icon, in pixels."""
SCOPES = frozenset({"personal", "team", "groupChat"})
PERMISSIONS = frozenset({"identity", "messageTeamMembers"})
COMMANDS = 10
COMMAND_TITLE = 32
COMMAND_DESCRIPTION = 128

_GUID = "00000000-0000-0000-0000-000000000000"
_PNG = b"\x89PNG\r\n\x1a\n"


def teams_problems(root: Path) -> Iterator[str]:
    """Yield what is wrong with ``deploy/teams/manifest.json`` and its icons."""
    folder = root / "deploy" / "teams"
    # As `deskhand manifest teams` fills it in.
    text = (folder / "manifest.json").read_text("utf-8")
    filled = text.replace("HOST", "bot.example.com").replace("APP_ID", _GUID)
    manifest: dict[str, Any] = json.loads(filled)
    yield from _texts(manifest)
    yield from _identity(root, manifest)
    yield from _bot(manifest)
    for name, pixels in ICONS.items():
        yield from _icon(folder, manifest["icons"].get(name, ""), pixels)


def _texts(manifest: dict[str, Any]) -> Iterator[str]:
    for (group, key), most in LENGTHS.items():
        value: Any = manifest.get(group, {}).get(key)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            yield f"{group}.{key} must have 1 to {most} characters"
        elif key.endswith("Url") and urlsplit(value).scheme != "https":
            yield f"{group}.{key} must be an https URL"
    if not re.fullmatch("#[0-9A-Fa-f]{6}", manifest.get("accentColor", "")):
        yield "accentColor must look like #1F2937"


def _identity(root: Path, manifest: dict[str, Any]) -> Iterator[str]:
    version = manifest.get("manifestVersion", "")
    if f"/v{version}/" not in manifest.get("$schema", ""):
        yield f"$schema is not that of manifestVersion {version!r}"
    if manifest.get("id") != _GUID:
        yield "id must be the placeholder APP_ID, which becomes the app's id"
    ours = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    if manifest.get("version") != ours["version"]:
        yield f"version must be {ours['version']}, as in pyproject.toml"
    for domain in manifest.get("validDomains", ()):
        if "/" in domain or "*" in domain:
            yield f"validDomains: {domain!r} is not a host name"
    for permission in manifest.get("permissions", ()):
        if permission not in PERMISSIONS:
            yield f"permissions: there is no {permission!r}"


def _bot(manifest: dict[str, Any]) -> Iterator[str]:
    bots: list[dict[str, Any]] = manifest.get("bots", [])
    if len(bots) != 1 or bots[0].get("botId") != _GUID:
        yield "bots must be one, its botId the placeholder APP_ID"
        return
    (bot,) = bots
    scopes: list[str] = bot.get("scopes", [])
    if "personal" not in scopes or not SCOPES.issuperset(scopes):
        yield f"bots.scopes must have personal, and only {', '.join(sorted(SCOPES))}"
    for listed in bot.get("commandLists", ()):
        commands: list[dict[str, str]] = listed["commands"]
        if len(commands) > COMMANDS:
            yield f"a command list has more than {COMMANDS} commands"
        for command in commands:
            if len(command["title"]) > COMMAND_TITLE:
                yield f"command {command['title']!r}: over {COMMAND_TITLE} characters"
            if len(command["description"]) > COMMAND_DESCRIPTION:
                yield f"command {command['title']!r}: its description is too long"


def _icon(folder: Path, name: str, pixels: int) -> Iterator[str]:
    file = folder / name
    if not name or not file.is_file():
        yield f"there is no icon {name!r}"
        return
    head = file.read_bytes()[:24]
    if not head.startswith(_PNG):
        yield f"{name} is not a PNG"
    elif struct.unpack(">II", head[16:24]) != (pixels, pixels):
        yield f"{name} must be {pixels} x {pixels} pixels"
