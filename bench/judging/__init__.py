"""What the check says and costs, from one measure to the verdict on the page."""
