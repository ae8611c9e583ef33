"""Many invoices changed at once: foreseen, done, kept, undone."""
