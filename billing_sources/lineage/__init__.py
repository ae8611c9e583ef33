"""Lineage: from a figure that we keep back to the raw record that it was read from."""
