"""Groups of invoices by rule, pins and exclusions; tags, on bills and on nodes of the tree."""
