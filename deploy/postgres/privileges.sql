-- Who may do what with which table: the exceptions to the default privileges of roles.sh.
-- `manage.py migrate` runs it at its end, in one transaction, where the one who migrates is shop_owner; so a new table
-- and its privileges come with one command. It says everything anew and may be run as often as you like.
-- Roadmap: databases/dcl, security/least-privilege

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop_writer;

-- Ledgers: rows are added, never changed and never taken out. Triggers say the same; the writer cannot switch them off.
REVOKE UPDATE, DELETE ON shop_stockentry, orders_orderevent, accounts_securityevent FROM shop_writer;
-- Books: an order and its money change their state, and stay for ever.
REVOKE DELETE ON orders_order, orders_orderline, orders_payment, orders_refund FROM shop_writer;
-- Which migrations ran is the owner's to say.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM shop_writer;

-- The reader sees what a report counts and adds up: no names, no addresses, no letters, no hash, no token, no key.
-- Taking a privilege from a table takes it from its columns, too.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM shop_reader;
GRANT SELECT ON shop_category, shop_product, shop_stock, shop_stockentry, shop_rating, orders_cartline, orders_orderline,
  orders_refund TO shop_reader;
GRANT SELECT (id, product_id, rating, is_hidden, created_at, updated_at) ON shop_review TO shop_reader;
GRANT SELECT (id, number, buyer_id, status, currency, total, discount, shipping, taxes, placed_at, reserved_until,
  event_count) ON orders_order TO shop_reader;
GRANT SELECT (id, order_id, amount, currency, status, decline_reason, refunded_amount, created_at)
  ON orders_payment TO shop_reader;
GRANT SELECT (id, order_id, sequence, type, at) ON orders_orderevent TO shop_reader;
GRANT SELECT (id, order_id, status, carrier, packed_at, shipped_at, delivered_at) ON orders_fulfilment TO shop_reader;
GRANT SELECT (id, topic, created_at, due_at, publications, attempts, done_at, dead_at)
  ON orders_outboxmessage TO shop_reader;
GRANT SELECT (id, joined_at, is_active, is_staff) ON accounts_user TO shop_reader;
