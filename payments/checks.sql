-- What must hold of the money, each as a query that gives nothing when it does (invariants I01 to I33).
-- A name, then one query whose columns are: about what, expected, found. Read by payments/checks.py.

-- I01 never over-allocated
SELECT 'invoice ' || i.number || ' revision ' || i.revision, 'within ' || payable, (held + settled + credited + written_off)::text
FROM billing_sources_invoice i
WHERE side(payable) * held < 0 OR side(payable) * settled < 0
   OR side(payable) * (held + settled + credited + written_off) > abs(payable);

-- I02 open is what is left
SELECT 'invoice ' || i.number || ' revision ' || i.revision, (payable - held - settled - credited - written_off)::text, open::text
FROM billing_sources_invoice i WHERE open <> payable - held - settled - credited - written_off;

-- I03 invoices are the sum of their events
SELECT 'invoice ' || i.number || ' revision ' || i.revision,
       side(payable) * COALESCE(e.held, 0) || ' held, ' || side(payable) * COALESCE(e.settled, 0) || ' settled',
       i.held || ' held, ' || i.settled || ' settled'
FROM billing_sources_invoice i LEFT JOIN (
    SELECT invoice_id,
           sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                         WHEN 'settled' THEN -amount ELSE 0 END) AS held,
           sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                         WHEN 'reversed' THEN -amount ELSE 0 END) AS settled
    FROM payments_allocationevent GROUP BY 1) e ON e.invoice_id = i.id
WHERE i.held <> side(payable) * COALESCE(e.held, 0) OR i.settled <> side(payable) * COALESCE(e.settled, 0);

-- I19 credits on account are the sum of their events, and never used beyond their amount
SELECT 'credit ' || c.number || ' of customer ' || c.customer_id, COALESCE(e.held, 0) || ' held, ' || COALESCE(e.settled, 0) || ' settled',
       c.held || ' held, ' || c.settled || ' settled of ' || c.amount
FROM payments_onaccountcredit c LEFT JOIN (
    SELECT credit_id,
           sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                         WHEN 'settled' THEN -amount ELSE 0 END) AS held,
           sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                         WHEN 'reversed' THEN -amount ELSE 0 END) AS settled
    FROM payments_allocationevent GROUP BY 1) e ON e.credit_id = c.id
WHERE c.held <> COALESCE(e.held, 0) OR c.settled <> COALESCE(e.settled, 0)
   OR c.held < 0 OR c.settled < 0 OR c.held + c.settled > c.amount;

-- I33 booked money that lost its bill is on account, to the cent
SELECT 'payment ' || p.id || ' of customer ' || p.customer_id, COALESCE(e.left_over, 0)::text, COALESCE(c.amount, 0)::text
FROM payments_payment p
LEFT JOIN (SELECT payment_id, sum(CASE kind WHEN 'reversed' THEN amount ELSE -amount END) AS left_over
           FROM payments_allocationevent JOIN billing_sources_invoice i ON i.id = invoice_id
           WHERE kind IN ('reversed', 'carried') AND i.payable >= 0 GROUP BY 1) e ON e.payment_id = p.id
LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM payments_onaccountcredit
           WHERE source = 'reissue' GROUP BY 1) c ON c.payment_id = p.id
WHERE COALESCE(e.left_over, 0) <> COALESCE(c.amount, 0);

-- I03 allocations are the sum of their events
SELECT 'allocation of payment ' || payment_id || ' and claim ' || claim,
       COALESCE(e.held, 0) || ' held, ' || COALESCE(e.settled, 0) || ' settled',
       COALESCE(a.held, 0) || ' held, ' || COALESCE(a.settled, 0) || ' settled'
FROM payments_allocation a FULL JOIN (
    SELECT payment_id, claim,
           side(COALESCE(i.payable, -1)) * sum(CASE kind WHEN 'held' THEN amount WHEN 'released' THEN -amount
                                                         WHEN 'settled' THEN -amount ELSE 0 END) AS held,
           side(COALESCE(i.payable, -1)) * sum(CASE kind WHEN 'settled' THEN amount WHEN 'carried' THEN amount
                                           WHEN 'reversed' THEN -amount ELSE 0 END) AS settled
    FROM payments_allocationevent LEFT JOIN billing_sources_invoice i ON i.id = invoice_id
    GROUP BY payment_id, claim, i.payable) e USING (payment_id, claim)
WHERE (a.held, a.settled) IS DISTINCT FROM (e.held, e.settled);

-- I04 payments are the sum of their events
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, COALESCE(e.placed, 0)::text, p.placed::text
FROM payments_payment p JOIN payments_payrun r ON r.id = p.run_id LEFT JOIN (
    SELECT payment_id, sum(side(COALESCE(i.payable, -1)) * CASE WHEN kind IN ('held', 'carried') THEN amount
                                                  WHEN kind IN ('released', 'reversed') THEN -amount ELSE 0 END) AS placed
    FROM payments_allocationevent LEFT JOIN billing_sources_invoice i ON i.id = invoice_id GROUP BY 1) e ON e.payment_id = p.id
WHERE p.placed <> COALESCE(e.placed, 0);

-- I04 payments never exceed their amount but by credits that AR sent back
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, 'at most ' || p.amount, p.placed::text
FROM payments_payment p JOIN payments_payrun r ON r.id = p.run_id
WHERE p.placed - (
    SELECT COALESCE(sum(e.amount), 0) FROM payments_allocationevent e
    LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id
    WHERE e.payment_id = p.id AND COALESCE(i.payable, -1) < 0 AND p.state <> 'planned' AND e.kind IN ('released', 'reversed')) > p.amount
   OR (p.amount <= 0 AND p.state NOT IN ('planned', 'cancelled'));

-- I06 I07 one currency and one customer
SELECT 'event ' || e.id, COALESCE(i.customer_id, c.customer_id) || ' ' || COALESCE(i.currency, c.currency), p.customer_id || ' ' || p.currency
FROM payments_allocationevent e
LEFT JOIN billing_sources_invoice i ON i.id = e.invoice_id LEFT JOIN payments_onaccountcredit c ON c.id = e.credit_id
JOIN payments_payment p ON p.id = e.payment_id
WHERE (e.customer_id, e.currency) IS DISTINCT FROM (COALESCE(i.customer_id, c.customer_id), COALESCE(i.currency, c.currency))
   OR (e.customer_id, e.currency) IS DISTINCT FROM (p.customer_id, p.currency);

-- I09 a payment that left the draft has invoices
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, 'at least one allocation', 'none'
FROM payments_payment p JOIN payments_payrun r ON r.id = p.run_id
WHERE r.state NOT IN ('draft', 'cancelled') AND p.state <> 'cancelled'
  AND NOT EXISTS (SELECT FROM payments_allocationevent e WHERE e.payment_id = p.id AND e.kind = 'held');

-- I11 whoever made or edited did not approve
SELECT 'pay run ' || r.number || ' of customer ' || r.customer_id, 'another person', 'user ' || a.approver_id
FROM payments_approval a JOIN payments_payrun r ON r.id = a.run_id
WHERE a.approver_id = r.created_by_id
   OR (a.version = r.version AND (a.approver_id IN (r.edited_by_id, r.submitted_by_id) OR EXISTS (
       SELECT FROM payments_payruneditor e WHERE e.run_id = r.id AND e.user_id = a.approver_id)));

-- I11 nothing is released without an approval
SELECT 'pay run ' || r.number || ' of customer ' || r.customer_id, 'an approval of version ' || r.version, 'none'
FROM payments_payrun r WHERE r.state IN ('approved', 'released', 'closed') AND NOT EXISTS (
    SELECT FROM payments_approval a
    WHERE a.run_id = r.id AND a.version = r.version AND a.sha256 = r.submitted_sha256);

-- I11 every step of what is approved is complete
SELECT 'pay run ' || r.number || ' of customer ' || r.customer_id, s.people || ' at step ' || s.position, count(a.id)::text
FROM payments_payrun r JOIN payments_approvalstep s ON s.run_id = r.id AND s.version = r.version
LEFT JOIN payments_approval a ON a.run_id = r.id AND a.version = r.version AND a.step = s.position
WHERE r.state IN ('approved', 'released', 'closed') GROUP BY r.number, r.customer_id, s.id HAVING count(a.id) < s.people;

-- I12 what is used of a limit is the sum of its events
SELECT 'limit of user ' || holder_id || ', ' || currency || ' in ' || span, COALESCE(e.used, 0)::text, COALESCE(u.used, 0)::text
FROM payments_limituse u FULL JOIN (
    SELECT customer_id, holder_id, currency, span,
           sum(CASE kind WHEN 'used' THEN amount ELSE -amount END) AS used
    FROM payments_limituseevent GROUP BY 1, 2, 3, 4) e USING (customer_id, holder_id, currency, span)
WHERE u.used IS DISTINCT FROM e.used;

-- I12 an approval that counts is counted
SELECT 'approval ' || a.id || ' of pay run ' || r.number, 'used and not given back',
       count(*) FILTER (WHERE e.kind = 'used') || ' used, ' || count(*) FILTER (WHERE e.kind = 'given_back') || ' given back'
FROM payments_approval a JOIN payments_payrun r ON r.id = a.run_id AND r.version = a.version
JOIN payments_limituseevent e ON e.approval_id = a.id
WHERE r.state IN ('submitted', 'approved', 'released', 'closed') GROUP BY a.id, r.number
HAVING count(*) FILTER (WHERE e.kind = 'given_back') > 0;

-- I20 a short pay fits into what is open
SELECT 'invoice ' || i.number || ' revision ' || i.revision, 'at most ' || i.open, sp.amount::text
FROM payments_shortpay sp JOIN payments_payrun r ON r.id = sp.run_id
JOIN billing_sources_invoice i ON i.id = sp.invoice_id
WHERE r.state IN ('submitted', 'approved') AND sp.amount > i.open;

-- I24 every released payment has one message for AR
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, '1', count(o.id)::text
FROM payments_payment p JOIN payments_payrun r ON r.id = p.run_id
LEFT JOIN payments_arposting o ON o.payment_id = p.id AND o.version = 1
GROUP BY r.number, p.position, p.customer_id, p.id, p.state
HAVING count(o.id) <> CASE WHEN p.state IN ('planned', 'cancelled') THEN 0 ELSE 1 END;

-- I25 nothing was sent without a release
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, 'a released run', r.state
FROM payments_arposting o JOIN payments_payment p ON p.id = o.payment_id
JOIN payments_payrun r ON r.id = p.run_id WHERE r.state NOT IN ('released', 'closed');

-- I32 no money on a replaced bill
SELECT 'invoice ' || i.number || ' revision ' || i.revision, '0', (held + settled)::text
FROM billing_sources_invoice i WHERE state = 'superseded' AND held + settled <> 0;

-- nothing is held by a run that was given up or has closed
SELECT 'payment ' || r.number || '-' || p.position || ' of customer ' || p.customer_id, '0', sum(a.held)::text
FROM payments_allocation a JOIN payments_payment p ON p.id = a.payment_id
JOIN payments_payrun r ON r.id = p.run_id
WHERE a.held <> 0 AND (r.state IN ('cancelled', 'closed') OR p.state IN ('cancelled', 'posted', 'rejected'))
GROUP BY r.number, p.position, p.customer_id;

-- I28 a file's usage records are those of its bills
SELECT 'file ' || d.name || ', import file ' || f.id, COALESCE(u.records, 0)::text, f.usage_records::text
FROM billing_sources_importfile f JOIN billing_sources_rawdocument d ON d.id = f.document_id
LEFT JOIN (SELECT i.file_id, count(*) AS records FROM billing_sources_usagerecord u
           JOIN billing_sources_invoice i ON i.id = u.invoice_id GROUP BY 1) u ON u.file_id = f.id
WHERE f.usage_records <> COALESCE(u.records, 0);

-- I28 usage records belong to the customer of their invoice
SELECT 'usage of invoice ' || u.invoice_id, COALESCE(i.customer_id::text, 'nobody'), COALESCE(u.customer_id::text, 'nobody')
FROM billing_sources_usagerecord u LEFT JOIN billing_sources_invoice i ON i.id = u.invoice_id
WHERE i.id IS NULL OR u.customer_id IS DISTINCT FROM i.customer_id GROUP BY 1, 2, 3;

-- I20 a released short pay is disputed for its amount
SELECT 'invoice ' || i.number || ' in pay run ' || r.number || ' of customer ' || r.customer_id, s.amount::text,
       COALESCE(sum(d.amount), 0)::text
FROM payments_shortpay s JOIN payments_payrun r ON r.id = s.run_id AND r.state IN ('released', 'closed')
JOIN billing_sources_invoice i ON i.id = s.invoice_id
LEFT JOIN payments_shortpaydispute d ON d.run_id = s.run_id AND d.invoice_id = s.invoice_id
WHERE s.reason NOT IN (SELECT reason FROM undisputed_reasons())
GROUP BY s.id, i.number, r.number, r.customer_id HAVING s.amount <> COALESCE(sum(d.amount), 0);

-- I21 what is disputed of an invoice is the sum of its events, and open
SELECT 'invoice ' || i.number || ' revision ' || i.revision, COALESCE(e.disputed, 0) || ' of ' || i.open, i.disputed::text
FROM billing_sources_invoice i LEFT JOIN (
    SELECT invoice_id, sum(CASE WHEN kind IN ('opened', 'carried') THEN amount
                                WHEN kind = 'credited' THEN 0 ELSE -amount END) AS disputed
    FROM payments_disputeevent GROUP BY 1) e ON e.invoice_id = i.id
WHERE i.disputed <> COALESCE(e.disputed, 0) OR i.disputed < 0 OR i.disputed > GREATEST(i.open, 0);

-- I21 a dispute is the sum of its events
SELECT 'dispute D-' || d.number, e.counted, concat_ws(' ', d.amount, d.withdrawn, d.upheld, d.credited, d.settled)
FROM payments_dispute d LEFT JOIN (
    SELECT dispute_id, concat_ws(' ',
        sum(CASE kind WHEN 'opened' THEN amount WHEN 'reduced' THEN -amount ELSE 0 END),
        sum(CASE kind WHEN 'withdrawn' THEN amount ELSE 0 END), sum(CASE kind WHEN 'upheld' THEN amount ELSE 0 END),
        sum(CASE kind WHEN 'credited' THEN amount ELSE 0 END), sum(CASE kind WHEN 'settled' THEN amount ELSE 0 END))
        AS counted
    FROM payments_disputeevent GROUP BY 1) e ON e.dispute_id = d.id
WHERE e.counted IS DISTINCT FROM concat_ws(' ', d.amount, d.withdrawn, d.upheld, d.credited, d.settled);

-- I21 what is decided is credited or upheld, to the cent
SELECT 'dispute D-' || number, amount::text, (withdrawn + upheld + credited)::text
FROM payments_dispute
WHERE state NOT IN ('opened', 'asked', 'answered', 'proposed') AND amount <> withdrawn + upheld + credited;

-- I21 what stands of disputes is what is disputed of their invoice
SELECT 'invoice ' || i.number || ' revision ' || i.revision, COALESCE(sum(d.standing), 0)::text, i.disputed::text
FROM billing_sources_invoice i LEFT JOIN payments_dispute d ON d.invoice_id = i.id
WHERE i.disputed <> 0 OR d.id IS NOT NULL
GROUP BY i.id, i.number, i.revision, i.disputed HAVING i.disputed <> COALESCE(sum(d.standing), 0);
