"""Alembic's entry: runs on the connection, and inside the transaction, that `Ledger` hands over."""

from alembic import context

from auto_labeling.campaign.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
