"""One file per step, oldest first; a released step never changes."""
