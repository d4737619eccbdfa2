"""What many students are told: the notices of the center, and messages to a group; some thousands at a time."""
