"""The grid of invoices, one invoice, and what is done with a selection of them."""
