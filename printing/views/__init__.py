"""Pages of proofreading, feedback form, sheets, delivery and the year's end."""
