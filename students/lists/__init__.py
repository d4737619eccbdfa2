"""Lists of students: filters, look-up by prefix, and their exports."""
