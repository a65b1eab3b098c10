"""How fast and how good, measured."""
