"""Every table of the store in one metadata, for the schema steps and their test."""

from data.store import tables

metadata = tables.metadata
