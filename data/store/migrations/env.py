"""What alembic runs for each upgrade: the connection comes from ``run.to_head``."""

from alembic import context

from data.store import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
