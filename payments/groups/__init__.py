"""Named groups of invoices, and tags."""
