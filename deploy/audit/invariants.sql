-- What must be true of the shop's books at every moment, and what must be true once everything has come to rest.
-- Written against the tables, not with the shop's code: a bug there cannot hide here. Each query returns the rows that
-- break its promise; none means it holds. `manage.py audit` runs them; so may you, in psql.
-- Roadmap: databases/aggregate-functions, databases/group-by-having, databases/subqueries

-- name: I1 The stock ledger adds up to what is on hand
SELECT stock.product_id, stock.on_hand, coalesce(sum(entry.quantity), 0) AS ledger
FROM shop_stock stock LEFT JOIN shop_stockentry entry USING (product_id)
GROUP BY stock.product_id, stock.on_hand
HAVING stock.on_hand <> coalesce(sum(entry.quantity), 0);

-- name: I2 Never more is promised than is there, and what is promised belongs to pending orders and held reservations
SELECT stock.product_id, stock.on_hand, stock.reserved, coalesce(promised.units, 0) AS promised
FROM shop_stock stock LEFT JOIN (
    SELECT product_id, sum(quantity) AS units FROM (
        SELECT line.product_id, line.quantity FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
        WHERE o.status = 'pending'
        UNION ALL
        SELECT line.product_id, line.quantity
        FROM shop_reservationline line JOIN shop_reservation held ON held.id = line.reservation_id
        WHERE held.state = 'held'
    ) lines GROUP BY product_id
) promised USING (product_id)
WHERE stock.reserved < 0 OR stock.reserved > stock.on_hand OR stock.reserved <> coalesce(promised.units, 0);

-- name: I3 What left the shelf is what stands in paid orders
SELECT product_id, sold, ordered FROM (
    SELECT product_id, -sum(quantity) FILTER (WHERE kind IN ('sold', 'returned')) AS sold
    FROM shop_stockentry GROUP BY product_id
) ledger FULL JOIN (
    SELECT line.product_id, sum(line.quantity) AS ordered
    FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
    WHERE o.status IN ('paid', 'fulfilled', 'refunded') GROUP BY line.product_id
) lines USING (product_id)
WHERE coalesce(sold, 0) <> coalesce(ordered, 0);

-- name: I4 Every order has one payment of its total, and its lines add up to it, less the discount, with shipping
SELECT o.number, o.total, o.discount, o.shipping, payment.amount, sum(line.line_total) AS lines
FROM orders_order o LEFT JOIN orders_payment payment ON payment.order_id = o.id
LEFT JOIN orders_orderline line ON line.order_id = o.id
GROUP BY o.id, payment.id
HAVING payment.id IS NULL OR payment.amount <> o.total OR payment.currency <> o.currency
    OR sum(line.line_total) - o.discount + o.shipping IS DISTINCT FROM o.total;

-- name: I5 Refunds are covered by the payment, and the payment knows them all
SELECT payment.id, payment.refunded_amount, coalesce(sum(refund.amount), 0) AS refunds
FROM orders_payment payment LEFT JOIN orders_refund refund ON refund.payment_id = payment.id
GROUP BY payment.id
HAVING payment.refunded_amount <> coalesce(sum(refund.amount), 0) OR payment.refunded_amount > payment.amount;

-- name: I6 One idempotency key, one order or one import, and the kept answer speaks of it
SELECT kept.key, kept.answer ->> 'status' AS answered, count(o.id) AS found
FROM orders_idempotencykey kept LEFT JOIN orders_order o ON o.idempotency_key_id = kept.id
WHERE kept.answer ->> 'location' <> '' AND kept.answer ->> 'location' NOT LIKE '%/stock/imports/%'
GROUP BY kept.id
HAVING count(o.id) <> 1 OR bool_or(kept.answer ->> 'location' NOT LIKE '%' || o.number || '/')
UNION ALL
SELECT kept.key, kept.answer ->> 'status', count(job.id)
FROM orders_idempotencykey kept
LEFT JOIN orders_stockimport job
    ON job.owner_id = kept.user_id AND job.id::text = substring(kept.answer ->> 'location' from '/stock/imports/(.+)/$')
WHERE kept.answer ->> 'location' LIKE '%/stock/imports/%'
GROUP BY kept.id
HAVING count(job.id) <> 1;

-- name: I7 Every paid order has one confirmation and one capture on their way
SELECT o.number, count(*) FILTER (WHERE message.topic = 'mail.order_confirmation') AS mails,
    count(*) FILTER (WHERE message.topic = 'payment.capture') AS captures
FROM orders_order o LEFT JOIN orders_outboxmessage message
    ON message.payload ->> 'order' = o.id::text AND message.topic IN ('mail.order_confirmation', 'payment.capture')
WHERE EXISTS (SELECT FROM orders_orderevent event WHERE event.order_id = o.id AND event.type = 'OrderPaid')
GROUP BY o.id
HAVING count(*) FILTER (WHERE message.topic = 'mail.order_confirmation') <> 1
    OR count(*) FILTER (WHERE message.topic = 'payment.capture') <> 1;

-- name: I8 An order answered with a refusal was not paid; one answered as paid was
SELECT o.number, o.status, kept.answer ->> 'status' AS answered
FROM orders_idempotencykey kept JOIN orders_order o ON o.idempotency_key_id = kept.id
WHERE (kept.answer ->> 'status' = '402' AND o.status <> 'declined')
   OR (kept.answer ->> 'status' = '201' AND NOT EXISTS (
        SELECT FROM orders_orderevent event WHERE event.order_id = o.id AND event.type = 'OrderPaid'));

-- name: I9 No reservation outlives its time by more than 30 seconds
SELECT number, reserved_until FROM orders_order
WHERE status = 'pending' AND reserved_until < now() - interval '30 seconds'
UNION ALL
SELECT key::text, expires_at FROM shop_reservation
WHERE state = 'held' AND expires_at < now() - interval '30 seconds';

-- name: I10 The history of every order is numbered without gaps
SELECT o.number, o.event_count, count(event.id) AS events, max(event.sequence) AS newest
FROM orders_order o LEFT JOIN orders_orderevent event ON event.order_id = o.id
GROUP BY o.id
HAVING count(event.id) <> o.event_count OR max(event.sequence) IS DISTINCT FROM o.event_count OR min(event.sequence) <> 1;

-- name: I11 Order, payment and history tell the same story
SELECT o.number, o.status, payment.status AS payment
FROM orders_order o JOIN orders_payment payment ON payment.order_id = o.id
WHERE (o.status, payment.status) NOT IN (
        ('pending', 'created'), ('declined', 'declined'), ('declined', 'voiding'), ('declined', 'voided'),
        ('paid', 'authorized'), ('paid', 'capturing'), ('paid', 'captured'),
        ('fulfilled', 'captured'),
        ('expired', 'voiding'), ('expired', 'voided'),
        ('cancelled', 'voiding'), ('cancelled', 'voided'),
        ('cancelled', 'capturing'), ('cancelled', 'captured'), ('cancelled', 'refunded'), ('refunded', 'refunded'))
   OR (SELECT count(*) FROM orders_orderevent event WHERE event.order_id = o.id AND event.type = 'OrderPaid') > 1;

-- name: I12 Nobody sits in a transaction or waits for a lock for more than three seconds
SELECT pid, state, wait_event_type, now() - state_change AS since FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND now() - state_change > interval '3 seconds'
  AND (state LIKE 'idle in transaction%' OR (state = 'active' AND wait_event_type = 'Lock'));

-- name: I13 The rating of every product is what its visible reviews say
SELECT product_id, rating.count, visible.count AS reviews, rating.total, visible.stars
FROM shop_rating rating FULL JOIN (
    SELECT product_id, count(*), sum(rating) AS stars FROM shop_review WHERE NOT is_hidden GROUP BY product_id
) visible USING (product_id)
WHERE coalesce(rating.count, 0) <> coalesce(visible.count, 0) OR coalesce(rating.total, 0) <> coalesce(visible.stars, 0);

-- name: I14 Parcel, order and money tell the same story
SELECT o.number, o.status, payment.status AS payment, parcel.status AS parcel
FROM orders_order o JOIN orders_payment payment ON payment.order_id = o.id
LEFT JOIN orders_fulfilment parcel ON parcel.order_id = o.id
WHERE (o.status = 'fulfilled' AND coalesce(parcel.status, 'packed') = 'packed')
   OR (parcel.status = 'packed' AND o.status NOT IN ('paid', 'refunded'))
   OR (parcel.status IN ('shipped', 'delivered')
       AND (o.status NOT IN ('fulfilled', 'refunded') OR payment.status NOT IN ('captured', 'refunded')));

-- name: I15 Every parcel that left has one letter, and stands in the history once
SELECT * FROM (
    SELECT o.number, parcel.status, (parcel.status <> 'packed')::int AS left_the_house,
        (SELECT count(*) FROM orders_outboxmessage message
         WHERE message.topic = 'mail.order_shipped' AND message.payload ->> 'order' = o.id::text) AS letters,
        (SELECT count(*) FROM orders_orderevent event
         WHERE event.order_id = o.id AND event.type = 'OrderShipped') AS events
    FROM orders_order o JOIN orders_fulfilment parcel ON parcel.order_id = o.id
) parcels WHERE letters <> left_the_house OR events <> left_the_house;

-- name: I16 Of every import the ledger has what is booked, and its rows have what was refused and what still waits
SELECT job.id, job.status, job.row_count, job.booked, job.refused,
    coalesce(ledger.entries, 0) AS entries, coalesce(line.refused, 0) AS refusals, coalesce(line.waiting, 0) AS waiting
FROM orders_stockimport job LEFT JOIN (
    SELECT source, count(*) AS entries FROM shop_stockentry WHERE source IS NOT NULL GROUP BY source
) ledger ON ledger.source = job.id LEFT JOIN (
    SELECT line.job_id, count(*) FILTER (WHERE line.refusal <> '') AS refused,
        count(*) FILTER (WHERE line.refusal = '' AND line.number >= job.booked + job.refused) AS waiting
    FROM orders_stockimportrow line JOIN orders_stockimport job ON job.id = line.job_id GROUP BY line.job_id
) line ON line.job_id = job.id
WHERE job.booked <> coalesce(ledger.entries, 0) OR job.refused <> coalesce(line.refused, 0)
   OR job.row_count - job.booked - job.refused <> coalesce(line.waiting, 0);

-- name: I17 Every coupon was used by as many orders as it says, and by no more than it may be
SELECT coupon.code, coupon.uses, coupon.uses_limit, count(o.id) AS orders
FROM orders_coupon coupon
LEFT JOIN orders_order o ON o.coupon_id = coupon.id AND o.status IN ('pending', 'paid', 'fulfilled', 'refunded')
GROUP BY coupon.id
HAVING coupon.uses <> count(o.id) OR count(o.id) > coupon.uses_limit;

-- name: I18 The tax of every order is that of its total, rate by rate
SELECT o.number, o.total, o.taxes FROM orders_order o, LATERAL (
    SELECT sum((tax ->> 'gross')::numeric) AS gross,
        bool_and((tax ->> 'amount')::numeric = round(
            (tax ->> 'gross')::numeric * (tax ->> 'rate')::numeric / (100 + (tax ->> 'rate')::numeric), 2)) AS is_right
    FROM jsonb_array_elements(o.taxes) tax
) taxes
WHERE o.taxes IS NOT NULL AND (taxes.gross IS DISTINCT FROM o.total OR NOT taxes.is_right);

-- name: R1 At rest nothing is pending
SELECT number, placed_at FROM orders_order WHERE status = 'pending';

-- name: R2 At rest every message was worked on and none died
SELECT id, topic, attempts, dead_at, error FROM orders_outboxmessage WHERE done_at IS NULL;

-- name: R3 At rest the money of every paid order is taken, and that of every other let go or given back
SELECT o.number, o.status, payment.status AS payment
FROM orders_order o JOIN orders_payment payment ON payment.order_id = o.id
WHERE payment.status IN ('authorized', 'capturing', 'voiding')
   OR (o.status = 'cancelled' AND payment.status = 'captured');

-- name: R4 At rest every refund has been carried out
SELECT id, amount FROM orders_refund WHERE status <> 'succeeded';

-- name: R5 At rest every import has come to its end
SELECT id, status, row_count, booked, refused FROM orders_stockimport WHERE status IN ('waiting', 'running');
