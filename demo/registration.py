"""What the demo adds to the portal: its kind of job."""

from demo import loading  # noqa: F401  (registers a kind of job)
