"""A student who moves from one school to another."""
