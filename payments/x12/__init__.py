"""X12 written and read: the envelope that 820 and its answers share. Pure."""
