"""Every rule about `deploy/` finds what it is there for, in a broken copy."""

import shutil
import struct
from pathlib import Path

import pytest

from tests.support.lint_deploy import ROOT, problems_in

DOCKER, COMPOSE = "deploy/Dockerfile", "deploy/compose.yaml"
SLACK, TEAMS = "deploy/slack/manifest.json", "deploy/teams/manifest.json"
INGRESS, CLIENT = "adapters/slack/ingress.py", "adapters/slack/client.py"
COPIED = ("deploy", "adapters/slack", "pyproject.toml", ".dockerignore")
NAMED = ("uv.lock", "README.md", "LICENSE")
LONG = "x" * 4001


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, target, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(source, target)
    for name in NAMED:
        (tmp_path / name).touch()
    for name in ("bot", "agents", "adapters", "migrations"):
        (tmp_path / name).mkdir(exist_ok=True)
    return tmp_path


def test_what_we_ship_has_no_problem(copy: Path) -> None:
    assert problems_in(ROOT) == []
    assert problems_in(copy) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            DOCKER,
            "FROM python:3.12-slim-bookworm AS",
            "FROM python:latest AS",
            "pinned",
        ),
        (DOCKER, "FROM python:3.12-slim-bookworm AS", "FROM python AS", "pinned"),
        (DOCKER, "USER 10001", "USER root", "as root"),
        (DOCKER, "USER 10001\n", "", "as root"),
        (DOCKER, "COPY bot bot", "ADD https://x.example/bot bot", "use COPY"),
        (DOCKER, "COPY bot bot", "COPY robot bot", "no such file"),
        (DOCKER, "COPY bot bot", "COPY deploy bot", ".dockerignore leaves it out"),
        (".dockerignore", "!bot\n", "", "COPY bot: .dockerignore leaves it out"),
        (DOCKER, "HEALTHCHECK", "# HEALTHCHECK", "no HEALTHCHECK"),
        (DOCKER, "STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL", "STOPSIGNAL"),
        (DOCKER, 'ENTRYPOINT ["deskhand"]', 'ENTRYPOINT ["desk"]', "ENTRYPOINT"),
        (DOCKER, 'ENTRYPOINT ["deskhand"]', "ENTRYPOINT deskhand", "ENTRYPOINT"),
        (DOCKER, '"serve"', '"server"', "not understood by the command line"),
        (DOCKER, '"0.0.0.0"', '"127.0.0.1"', "nothing outside would reach it"),
        (DOCKER, "EXPOSE 8080", "EXPOSE 8081", "different ports"),
        (DOCKER, "127.0.0.1:8080/readyz", "127.0.0.1:9090/readyz", "different ports"),
        (COMPOSE, "  bot:", "\tbot:", "line 7"),
        (COMPOSE, "  postgres:\n    image", "  database:\n    image", "no service"),
        (COMPOSE, "postgres:18-bookworm", "postgres", "not pinned"),
        (COMPOSE, "postgres:18-bookworm", "postgres:latest", "not pinned"),
        (COMPOSE, "deploy/Dockerfile", "Dockerfile", "there is no 'Dockerfile'"),
        (COMPOSE, "    healthcheck:", "    checked:", "no healthcheck"),
        (COMPOSE, "127.0.0.1:8080:8080", "8080:8080", "open to everybody"),
        (COMPOSE, "      postgres:\n", "      database:\n", "no service"),
        (COMPOSE, "- data:/var", "- dates:/var", "'dates' is not declared"),
        (
            COMPOSE,
            "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD in deploy/.env}",
            "POSTGRES_PASSWORD: hunter2",
            "POSTGRES_PASSWORD holds a secret",
        ),
        (
            COMPOSE,
            "deskhand:${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD in deploy/.env}@",
            "deskhand:hunter2@",
            "DATABASE_URL holds a secret",
        ),
        (SLACK, '"name": "Deskhand"', f'"name": "{LONG}"', "display_information.name"),
        (
            SLACK,
            '"description": "Ask',
            f'"description": "{LONG[:99]}Ask',
            ".description",
        ),
        (SLACK, '"display_name": "Deskhand"', '"display_name": ""', "bot_user"),
        (SLACK, '"Takes your', f'"{LONG[:299]}', "agent_description"),
        (SLACK, '"Takes your', '7, "x": "', "agent_description"),
        (
            SLACK,
            '"request_url": "https://HOST/slack/events",\n      "bot_events"',
            '"request_url": "https://HOST/events",\n      "bot_events"',
            "event_subscriptions.request_url",
        ),
        (SLACK, '"is_enabled": true', '"is_enabled": false', "no button would work"),
        (SLACK, '_mode_enabled": false', '_mode_enabled": true', "socket_mode_enabled"),
        (SLACK, '"message.im"', '"reaction_added"', "reaction_added has no listener"),
        (SLACK, '"app_mention", ', "", "app_mention is listened for, but not"),
        (SLACK, '        "im:write",\n', "", "scope im:write is missing"),
        (
            SLACK,
            '"im:write",',
            '"im:write", "files:read",',
            "files:read is for nothing",
        ),
        (SLACK, "{", "{{", "cannot be read"),
        (INGRESS, '(app.event, "message", heard.message),', "", "no listener"),
        (CLIENT, '"chat.update"', '"chat.remix"', "chat.remix: say in METHOD_SCOPES"),
        (CLIENT, '"users.info"', '"auth.test"', "users:read is for nothing"),
        (TEAMS, '"short": "Deskhand"', f'"short": "{LONG[:31]}"', "name.short"),
        (TEAMS, '"short": "Ask', f'"short": "{LONG[:80]}', "description.short"),
        (TEAMS, '"full": "Deskhand takes', f'"full": "{LONG}', "description.full"),
        (TEAMS, '"name": "Your IT team"', '"name": ""', "developer.name"),
        (TEAMS, '"https://HOST/privacy"', '"http://HOST/privacy"', "privacyUrl"),
        (TEAMS, "#1F2937", "navy", "accentColor"),
        (TEAMS, "teams/v1.19/", "teams/v1.16/", "$schema"),
        (TEAMS, '"id": "APP_ID"', '"id": "deskhand"', "id must be the placeholder"),
        (TEAMS, '"botId": "APP_ID"', '"botId": "1"', "bots must be one"),
        (TEAMS, '"version": "0.2.0"', '"version": "9.9.9"', "version must be"),
        (TEAMS, '["HOST"]', '["https://HOST/"]', "is not a host name"),
        (TEAMS, '"messageTeamMembers"', '"everything"', "there is no 'everything'"),
        (
            TEAMS,
            '"scopes": ["personal"],\n      "supp',
            '"scopes": [],\n      "supp',
            "scopes",
        ),
        (TEAMS, '"title": "What can', f'"title": "{LONG[:32]}', "over 32 characters"),
        (TEAMS, '"Everything you', f'"{LONG[:128]}', "description is too long"),
        (TEAMS, '"color.png"', '"colour.png"', "no icon 'colour.png'"),
    ],
)
def test_a_broken_copy_is_found(
    copy: Path, file: str, old: str, new: str, problem: str
) -> None:
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")
    assert any(problem in found for found in problems_in(copy)), problems_in(copy)


def test_an_icon_has_the_size_that_teams_wants(copy: Path) -> None:
    icon = copy / "deploy/teams/outline.png"
    image = icon.read_bytes()
    icon.write_bytes(image[:16] + struct.pack(">II", 64, 64) + image[24:])
    assert problems_in(copy) == [f"{TEAMS}: outline.png must be 32 x 32 pixels"]
    icon.write_bytes(b"GIF89a")
    assert problems_in(copy) == [f"{TEAMS}: outline.png is not a PNG"]


def test_a_file_that_is_missing_is_a_problem(copy: Path) -> None:
    (copy / COMPOSE).unlink()
    [found] = problems_in(copy)
    assert found.startswith(f"{COMPOSE}: cannot be read")
