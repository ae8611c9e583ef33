"""jBilling's tables as bills: the query that writes them down, the shapes of its lines, and their reader. Pure."""
