-- Charges of the payment provider that no payment of ours knows: money that was taken for no order.
-- %(listed)s: JSON, [{"id": "pi_…", "amount": "12.80", "currency": "EUR"}, …], the provider's own list.
-- RIGHT JOIN: every charge stays, with nulls where no payment matches.
-- Roadmap: databases/joins
SELECT charge.id, charge.amount, charge.currency
FROM orders_payment payment
RIGHT JOIN jsonb_to_recordset(%(listed)s::jsonb) AS charge (id text, amount numeric, currency text)
    ON charge.id = payment.provider_id
WHERE payment.id IS NULL
ORDER BY charge.id
