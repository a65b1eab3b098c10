"""How a thing is drawn."""
