"""Reading what people send us."""
