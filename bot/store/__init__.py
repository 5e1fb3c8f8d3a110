"""The store: one file per aggregate, over the tables of `bot.store.schema`.

Functions take the caller's connection, run inside the caller's transaction and never
commit; `bot.store.records` and `bot.store.migrate` are the two that own their
transactions, and say so.

Writes for a conversation carry its `bot.store.conversations.Claim`. They lock the
conversation's row and look at the fence on the locked row, so a claim that was lost
or released writes nothing, whatever was in flight.

**Lock order**, the same everywhere, or two transactions wait for each other:
``delivery_seen``, then ``conversation`` (several in the order of ``tenant_id,
conversation_id``), then ``approval``, then ``turn``, then the rest.
`bot.store.approvals.lock_approval` keeps it by locking the conversation first.
"""
