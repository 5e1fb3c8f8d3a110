"""What Alembic runs for every command: the schema, over a connection it is given.

There is no ``alembic.ini``: `bot.store.migrate` builds the configuration and passes
``attributes["connection"]``. To write a new revision, change `bot.store.schema` or
`bot.store.schema_records`, add a file beside ``0001_initial.py`` by hand, and let
``tests/integration/store/test_migrate.py`` compare the two.
"""

from alembic import context
from sqlalchemy import Connection

from bot.store import schema, schema_knowledge, schema_pushed, schema_records
from bot.store.columns import metadata
from bot.store.migrate import VERSION_TABLE

assert schema.tenant.metadata is schema_records.audit.metadata is metadata
assert schema_knowledge.knowledge_article.metadata is metadata
assert schema_pushed.pushed_person.metadata is metadata

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
