"""Paste and match: numbers and amounts from somebody's spreadsheet against the invoices."""
