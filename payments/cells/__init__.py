"""Change an invoice where it stands in the list: its tags, what is to be paid of it, and why not the rest."""
