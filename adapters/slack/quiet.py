"""The Slack SDK's loggers, made quiet.

At DEBUG they write message content; and because they ask for a logger's own level, a
level that is not set costs the work of every such line even when nobody reads it.
"""

import logging


def sdk_logger() -> logging.Logger:
    """Return the logger given to bolt and to the SDK: errors only."""
    logger = logging.getLogger("deskhand.slack.sdk")
    logger.setLevel(logging.ERROR)
    return logger
