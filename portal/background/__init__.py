"""Work outside of a request: jobs with a row, and the queue that carries them."""
