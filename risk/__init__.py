"""Where to look."""
