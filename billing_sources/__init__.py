"""Bills come in: from a billing system's file to a proven, published invoice."""
