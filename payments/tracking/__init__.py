"""What became of a payment, and of its message to AR."""
