"""Versions of the schema, applied by alembic."""
