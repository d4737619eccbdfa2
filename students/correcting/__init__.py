"""A student's data put right: corrections, their evidence, and the proofs that open again."""
