"""The carrier engineer's pages: cycles, runs, files, quarantine, accounts, terms."""
