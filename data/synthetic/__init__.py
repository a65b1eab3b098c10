"""A made-up prefecture with a hidden truth."""
