"""The way to AR by X12 820, as a value: one interchange with one 820 per payment, into a drop folder."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from payments.ar.gateway import CONNECTOR, Connector, DropFolders, Undeliverable
from payments.domain.references import ReferenceInvalid
from payments.models import ArPosting, Payment
from payments.x12.writer import CannotWriteX12, Envelope
from remittance.advice import AdviceDoesNotTie
from remittance.payees import identifiers
from remittance.queries import advice_of
from remittance.x12_820 import write_820


def x12_820() -> Connector:
    """The connector with the folders of settings.AR_DIR, which `manage.py make_ar_folders` makes once."""
    return Connector(CONNECTOR, DropFolders.under(Path(settings.AR_DIR)), render, file_name)


def render(posting: ArPosting) -> bytes:
    """The 820 of a posting; the same bytes whenever it is asked, because everything in it stands since the release.

    Raises `Undeliverable` where the figures do not tie or X12 cannot carry a number.
    """
    payment = Payment.objects.select_related("run").get(pk=posting.payment_id)
    names = identifiers()
    envelope = Envelope(
        sender=names.portal,
        receiver=names.ar,
        interchange_control=posting.control_number,
        group_control=posting.control_number,
        at=posting.created_at,
    )
    try:
        return write_820(advice_of(payment), envelope)
    except (AdviceDoesNotTie, CannotWriteX12, ReferenceInvalid) as error:
        raise Undeliverable(str(error)) from error


def file_name(posting: ArPosting) -> str:
    return f"820-{posting.control_number:09d}.x12"
