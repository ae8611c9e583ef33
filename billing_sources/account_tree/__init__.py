"""The customer's tree of accounts as of a day, with what was billed in a month at each node and below it."""
