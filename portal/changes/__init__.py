"""The only ways in which rows change: states, other fields, and transactions that are begun again."""
