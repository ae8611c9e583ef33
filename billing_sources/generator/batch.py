"""Writes a cycle as one batch of EN 16931 documents, three in four UBL and the rest CII, with control totals. Pure."""

from __future__ import annotations

from billing_sources.generator import cii, ubl
from billing_sources.generator.bill import Bill
from billing_sources.generator.figures import text_of


class Batch:
    """One file: `head`, then `bill` for each bill, then `tail`."""

    def __init__(self) -> None:
        self._documents = 0
        self._payable = 0

    def head(self) -> bytes:
        return b'<?xml version="1.0" encoding="UTF-8"?>\n<InvoiceBatch xmlns="urn:tributary:invoice-batch:1">\n'

    def bill(self, bill: Bill) -> bytes:
        self._documents += 1
        self._payable += -bill.due if bill.form == "credit_note" else bill.due
        is_cii = int(bill.account.external_id[-4:]) % 4 == 0
        return (cii.document(bill) if is_cii else ubl.document(bill)).encode()

    def tail(self, false_count: int = 0) -> bytes:
        """The control totals. `false_count` is added to the number of documents, for a file whose trailer is wrong."""
        count, payable = self._documents + false_count, text_of(self._payable)
        return f'<ControlTotals documents="{count}" payable="{payable}"/>\n</InvoiceBatch>\n'.encode()
