"""Pages of disputes: the customer's, and the carrier's desk."""
