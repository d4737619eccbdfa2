"""Whether a photo shows its student: admission photos, and the comparison of faces."""
