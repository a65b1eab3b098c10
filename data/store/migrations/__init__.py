"""Schema versions of the store."""
