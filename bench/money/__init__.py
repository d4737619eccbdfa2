"""Bank statements, their matching, and the books."""
