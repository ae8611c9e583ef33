"""A workbook that went out and came back: what its cells say, and how that differs from then and from now. Pure."""
