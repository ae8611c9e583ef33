"""Readers: one per family of formats. A reader streams a file and yields canonical bills. Pure."""
