"""Cloud cost files: FOCUS 1.0 CSV and the exports of providers that came before it (formats.md §1.9). Pure."""
