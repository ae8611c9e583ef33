"""Propose which payment pays what, by rules that somebody chose, and say why. Pure: same inputs, same result."""
