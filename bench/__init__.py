import os

# As in config/settings.py, and before any bench imports numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
