"""Money decisions as pure functions on frozen facts. No Django here."""
