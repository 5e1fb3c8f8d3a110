"""What all tables are made of: the metadata, and the few kinds of column.

* ``json`` columns hold documents that come back as they were written, byte for byte
  (``jsonb`` would reorder keys and refuse the NULs that people paste). ``jsonb`` is
  used where Postgres itself compares or looks inside.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

INSTANT = DateTime(timezone=True)
"""A point in time."""
DOCUMENT = JSONB(none_as_null=True)
"""JSON that Postgres may look into; ``None`` is NULL."""


def name_column(name: str) -> Column[str]:
    """Return a text column that names something."""
    return Column(name, Text, nullable=False)


def words(name: str) -> Column[str]:
    """Return a text column that is empty where nothing is said."""
    return Column(name, Text, nullable=False, server_default="")


def flag(name: str, *, at_first: bool) -> Column[bool]:
    """Return a yes or no."""
    default = text("true" if at_first else "false")
    return Column(name, Boolean, nullable=False, server_default=default)


def counter(name: str) -> Column[int]:
    """Return a number that counts up from 0."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def moment(name: str = "at") -> Column[datetime]:
    """Return an instant; now, where nothing is said."""
    return Column(name, INSTANT, nullable=False, server_default=func.now())
