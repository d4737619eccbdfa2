"""Personal data of students: the keys of document numbers."""
