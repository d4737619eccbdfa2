"""The notices of the center: writing and publishing them, attaching files, and who has read and confirmed."""
