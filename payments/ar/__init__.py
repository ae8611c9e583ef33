"""The carrier's accounts receivable: what released payments tell it, and what it answers. Private to `payments`."""
