"""How log lines look: JSON for machines, or text for a terminal."""

import logging
import sys

import structlog

from bot.redaction import redacted_entry

_SECRETS = (
    "token",
    "secret",
    "password",
    "authorization",
    "response_url",
    "trigger_id",
)


def set_up_logs(log_format: str, *, quiet: bool = False) -> None:
    """Write structured lines to standard error, secrets blanked.

    Args:
        log_format: ``json`` or ``text``.
        quiet: Only what went wrong is written.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _blank_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.ERROR if quiet else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        # A cached logger would keep this set-up after another one, and costs 2 us less.
        cache_logger_on_first_use=False,
    )


def _blank_secrets(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for key, value in event.items():
        if any(word in key.lower() for word in _SECRETS):
            event[key] = "[blanked]"
        else:
            event[key] = redacted_entry(key, value)
    return event
