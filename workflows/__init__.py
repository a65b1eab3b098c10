"""One module per thing a user does; the only place where packages meet."""
