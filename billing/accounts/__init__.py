"""What schools owe and what came in: the ledger, and the sums read from it."""
