"""Personal data: who looked at it."""
