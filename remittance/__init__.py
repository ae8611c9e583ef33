"""Paper goes out: one advice per payment, rendered as slip (PDF), workbook (xlsx) and X12 820."""
