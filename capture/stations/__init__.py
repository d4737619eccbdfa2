"""The school's stations: where they are, which class comes when, and the device of a station."""
