"""What accountants read: entries, day book and balances, the daily comparison with the providers, the proof of the sums."""
