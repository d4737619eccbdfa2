"""Finding a picture or a person again, among all those of a season."""
