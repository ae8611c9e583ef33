"""Proposals for a pay run: the facts they are made from, the preview, accepting them, and replaying them."""
