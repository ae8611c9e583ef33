"""EN 16931 invoices: two XML syntaxes as mapping tables, one reader for both. Pure."""
