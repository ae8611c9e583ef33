"""What people do: every button is an operation. Actor first, `now` last; one transaction, one command key."""

from payments.operations.allocate import Place, allocate, unallocate
from payments.operations.approval_policy import decide_policy, propose_policy
from payments.operations.approve import approve_run, return_run
from payments.operations.cancel import cancel_run
from payments.operations.change_invoices import change_invoices, undo_change
from payments.operations.choose import choose_invoices, drop_invoices, leave_open, open_run, undo_leave_open
from payments.operations.delegate import delegate_approval, withdraw_delegation
from payments.operations.dispute import ChargeClaim, dispute_invoice, dispute_invoices
from payments.operations.dispute_steps import agree_in_dispute, reply_in_dispute, withdraw_dispute
from payments.operations.edit_cells import edit_cells
from payments.operations.group_rights import give_group_right
from payments.operations.group_runs import open_group_run
from payments.operations.organise import (
    group_invoices,
    readmit_invoices,
    tag_invoices,
    ungroup_invoices,
    untag_invoices,
)
from payments.operations.paste import decide_rows, keep_paste, read_columns
from payments.operations.plan import add_payment, change_payment, remove_payment
from payments.operations.propose import accept_proposal, make_proposal
from payments.operations.release import release_run
from payments.operations.rule_groups import change_group, change_rule, make_group, order_groups
from payments.operations.send import send_invoices
from payments.operations.short_pay import short_pay, withdraw_short_pay
from payments.operations.submit import submit_run
from payments.operations.tags import merge_tags, remove_tag, rename_tag, tag_node, untag_node
from payments.operations.to_pay import set_to_pay
from payments.operations.views import delete_view, overwrite_view, rename_view, save_view, set_default_view
from payments.operations.workbooks import keep_upload, keep_workbook, note_applied

__all__ = [
    "ChargeClaim",
    "Place",
    "accept_proposal",
    "add_payment",
    "agree_in_dispute",
    "allocate",
    "approve_run",
    "cancel_run",
    "change_group",
    "change_payment",
    "change_rule",
    "change_invoices",
    "choose_invoices",
    "decide_policy",
    "decide_rows",
    "delegate_approval",
    "delete_view",
    "dispute_invoice",
    "dispute_invoices",
    "drop_invoices",
    "edit_cells",
    "give_group_right",
    "group_invoices",
    "keep_paste",
    "keep_upload",
    "keep_workbook",
    "leave_open",
    "make_group",
    "make_proposal",
    "merge_tags",
    "note_applied",
    "open_group_run",
    "open_run",
    "order_groups",
    "propose_policy",
    "read_columns",
    "readmit_invoices",
    "overwrite_view",
    "release_run",
    "remove_payment",
    "rename_view",
    "reply_in_dispute",
    "remove_tag",
    "rename_tag",
    "return_run",
    "save_view",
    "set_default_view",
    "set_to_pay",
    "send_invoices",
    "short_pay",
    "submit_run",
    "tag_invoices",
    "tag_node",
    "unallocate",
    "undo_leave_open",
    "ungroup_invoices",
    "untag_invoices",
    "undo_change",
    "withdraw_delegation",
    "withdraw_dispute",
    "untag_node",
    "withdraw_short_pay",
]
