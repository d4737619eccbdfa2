"""Who a student is: document numbers, their encryption, and the session of a signed-in student."""
