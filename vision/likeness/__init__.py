"""The same picture once more (imprint), or the same person in another one (face_embedding)."""
