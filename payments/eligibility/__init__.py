"""By which methods what is paid: the carrier's page of rules."""
