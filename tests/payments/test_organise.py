"""Tags and groups: how AP staff arrange invoices, and only their own."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from payments.domain.refusals import NotFound, Refused
from payments.models import InvoiceGroupMember, InvoiceTag, Tag
from portal.customers import access
from portal.tenancy import carrier
from tests.factories import make_invoice
from tests.payments.conftest import Desk


def test_another_customers_invoice_cannot_be_tagged_or_grouped(desk: Desk) -> None:
    foreign = make_invoice(desk.people.lumen_root)

    with pytest.raises(NotFound):
        desk.do("tag_invoices", invoices=[foreign.code], tag="mine")
    with pytest.raises(NotFound):
        desk.do("group_invoices", invoices=[foreign.code], group="mine")
    with carrier(read_only=True):
        assert not Tag.objects.exists()


def test_another_customers_group_is_not_found(desk: Desk) -> None:
    own, foreign = make_invoice(desk.people.harlow_west), make_invoice(desk.people.lumen_root)
    group = desk.do("group_invoices", desk.people.carol, invoices=[foreign.code], group="Theirs").code

    for code in (UUID(group), uuid4()):
        with pytest.raises(NotFound):
            desk.do("ungroup_invoices", invoices=[own.code], group=code)


def test_whoever_may_only_look_cannot_tag(desk: Desk) -> None:
    invoice = make_invoice(desk.people.harlow_nord)

    with pytest.raises(access.Denied):
        desk.do("tag_invoices", desk.people.nils, invoices=[invoice.code], tag="x")


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_tag_has_a_name(desk: Desk, name: str) -> None:
    with pytest.raises(Refused):
        desk.do("tag_invoices", invoices=[make_invoice(desk.people.harlow_west).code], tag=name)


def test_many_invoices_are_tagged_at_once_and_twice_is_once(desk: Desk) -> None:
    invoices = [make_invoice(desk.people.harlow_west) for _ in range(3)]
    codes = [invoice.code for invoice in invoices]

    desk.do("tag_invoices", invoices=codes[:2], tag="  check   rate ")
    desk.do("tag_invoices", invoices=codes, tag="check rate")
    with carrier(read_only=True):
        assert Tag.objects.get().name == "check rate"
        assert InvoiceTag.objects.count() == 3

    desk.do("untag_invoices", invoices=codes[1:], tag="check rate")
    with carrier(read_only=True):
        assert InvoiceTag.objects.get().invoice_id == invoices[0].pk


def test_a_group_takes_invoices_in_and_lets_them_go(desk: Desk) -> None:
    first, second = (make_invoice(desk.people.harlow_west) for _ in range(2))

    group = UUID(desk.do("group_invoices", invoices=[first.code, second.code], group="Seattle").code)
    desk.do("ungroup_invoices", invoices=[first.code], group=group)

    with carrier(read_only=True):
        assert InvoiceGroupMember.objects.get(until_on=None).invoice_id == second.pk
