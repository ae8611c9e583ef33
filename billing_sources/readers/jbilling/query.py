"""The one query that jBilling is asked: a bill a row, with everything that its reader needs. Pure.

Amounts are cast to text, so that no JSON number can lose a digit. Drafts of a billing process under review are no
bills. A deleted invoice whose number lives again in its entity is not sent: the one that lives is the word on it.
`people` gives each user one name and address; of several contacts the oldest that is not deleted. It is jBilling that
writes `street_addres1`.
"""

from __future__ import annotations

from typing import LiteralString

BILLS: LiteralString = """
WITH people AS MATERIALIZED (
    SELECT DISTINCT ON (u.id) u.id, u.entity_id, u.user_name,
           coalesce(nullif(btrim(c.organization_name), ''),
                    nullif(btrim(concat_ws(' ', c.first_name, c.last_name)), ''), u.user_name) AS name,
           concat_ws(', ', nullif(c.street_addres1, ''), nullif(c.street_addres2, ''),
                     nullif(btrim(concat_ws(' ', c.city, c.state_province, c.postal_code)), '')) AS address
    FROM base_user u LEFT JOIN contact c ON c.user_id = u.id AND c.deleted = 0
    ORDER BY u.id, c.id
), news AS MATERIALIZED (
    SELECT i.id FROM invoice i LEFT JOIN base_user u ON u.id = i.user_id
    WHERE coalesce(i.is_review, 0) = 0
      AND (((i.xmin::text::bigint - %(since)s) & 4294967295) < %(span)s
           OR i.id IN (SELECT invoice_id FROM invoice_line
                       WHERE ((xmin::text::bigint - %(since)s) & 4294967295) < %(span)s))
      AND NOT (i.deleted = 1 AND EXISTS (
          SELECT 1 FROM invoice other JOIN base_user o ON o.id = other.user_id
          WHERE other.public_number = i.public_number AND o.entity_id = u.entity_id
            AND other.deleted = 0 AND coalesce(other.is_review, 0) = 0))
), lines AS (
    SELECT l.invoice_id, json_agg(json_build_object(
        'id', l.id, 'type_id', l.type_id, 'type', t.description, 'amount', l.amount::text,
        'quantity', l.quantity::text, 'price', l.price::text, 'is_percentage', l.is_percentage,
        'item_id', l.item_id, 'item', item.internal_number, 'description', l.description,
        'source_user_id', l.source_user_id, 'source_user', source.name) ORDER BY l.id) AS rows
    FROM invoice_line l LEFT JOIN invoice_line_type t ON t.id = l.type_id
    LEFT JOIN item ON item.id = l.item_id LEFT JOIN people source ON source.id = l.source_user_id
    WHERE coalesce(l.deleted, 0) = 0 AND l.invoice_id IN (SELECT id FROM news)
    GROUP BY l.invoice_id
), paid AS (
    SELECT pi.invoice_id, json_agg(json_build_object(
        'id', p.id, 'amount', pi.amount::text, 'is_refund', p.is_refund, 'deleted', p.deleted,
        'result_id', p.result_id, 'payment_date', p.payment_date) ORDER BY pi.id) AS rows
    FROM payment_invoice pi JOIN payment p ON p.id = pi.payment_id
    WHERE pi.invoice_id IN (SELECT id FROM news)
    GROUP BY pi.invoice_id
), carried AS (
    SELECT delegated_invoice_id AS invoice_id,
           json_agg(coalesce(public_number, id::text) ORDER BY id) AS numbers
    FROM invoice WHERE delegated_invoice_id IN (SELECT id FROM news) AND deleted = 0
    GROUP BY delegated_invoice_id
), periods AS (
    SELECT invoice_id, min(period_start) AS period_start, max(period_end) AS period_end
    FROM order_process WHERE invoice_id IN (SELECT id FROM news)
    GROUP BY invoice_id
), mediated AS (
    SELECT o.invoice_id, json_agg(json_build_object(
        'id', m.id, 'item_id', ol.item_id, 'event_date', m.event_date, 'amount', m.amount::text,
        'quantity', m.quantity::text, 'description', m.description) ORDER BY m.id) AS rows
    FROM order_process o JOIN order_line ol ON ol.order_id = o.order_id AND ol.deleted = 0
    JOIN mediation_record_line m ON m.order_line_id = ol.id
    WHERE o.invoice_id IN (SELECT id FROM news)
      AND (o.period_start IS NULL OR m.event_date >= o.period_start)
      AND (o.period_end IS NULL OR m.event_date < o.period_end)
    GROUP BY o.invoice_id
)
SELECT DISTINCT ON (i.id) json_build_object(
    'record', 'bill',
    'invoice', json_build_object(
        'id', i.id, 'public_number', i.public_number, 'create_datetime', i.create_datetime, 'due_date', i.due_date,
        'total', i.total::text, 'balance', i.balance::text, 'carried_balance', i.carried_balance::text,
        'status_id', i.status_id, 'delegated_invoice_id', i.delegated_invoice_id,
        'billing_process_id', i.billing_process_id, 'deleted', coalesce(i.deleted, 0),
        'customer_notes', i.customer_notes),
    'entity', json_build_object('id', e.id, 'description', e.description),
    'base_user', json_build_object('id', u.id, 'user_name', u.user_name, 'name', u.name,
        'address', u.address),
    'parent', json_build_object('id', parent.id, 'name', parent.name),
    'currency', json_build_object('code', currency.code, 'symbol', currency.symbol),
    'order_process', json_build_object('period_start', periods.period_start, 'period_end', periods.period_end),
    'carries', coalesce(carried.numbers, '[]'), 'lines', coalesce(lines.rows, '[]'),
    'payments', coalesce(paid.rows, '[]'), 'usage', coalesce(mediated.rows, '[]'))::text,
    CASE WHEN i.deleted = 1 THEN 0 ELSE coalesce(i.total, 0) END
FROM news JOIN invoice i ON i.id = news.id
LEFT JOIN people u ON u.id = i.user_id LEFT JOIN entity e ON e.id = u.entity_id
LEFT JOIN currency ON currency.id = i.currency_id
LEFT JOIN customer child ON child.user_id = u.id LEFT JOIN customer above ON above.id = child.parent_id
LEFT JOIN people parent ON parent.id = above.user_id
LEFT JOIN lines ON lines.invoice_id = i.id LEFT JOIN paid ON paid.invoice_id = i.id
LEFT JOIN carried ON carried.invoice_id = i.id LEFT JOIN periods ON periods.invoice_id = i.id
LEFT JOIN mediated ON mediated.invoice_id = i.id
ORDER BY i.id, child.id
"""
