"""Whose bill is absent: the accounts that a cycle bills, learnt from the months before, and what came of them."""
