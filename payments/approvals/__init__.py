"""Who approves: the customer's policy and its limits, who stands in for whom, and what a run still asks for."""
