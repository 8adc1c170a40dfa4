-- One purchase of the floor for pgbench: the statements of floor.py, in the same order and the same two transactions.
-- Roadmap: testing/database-load-tests
\set product random(1, :products)
BEGIN;
SELECT price FROM floor.product WHERE id = :product \gset
INSERT INTO floor.purchase (total) VALUES (:price) RETURNING id AS purchase \gset
INSERT INTO floor.line (purchase_id, product_id, quantity, price) VALUES (:purchase, :product, 1, :price);
UPDATE floor.stock SET reserved = reserved + 1 WHERE product_id = :product AND on_hand - reserved >= 1;
COMMIT;
BEGIN;
UPDATE floor.purchase SET status = 'paid' WHERE id = :purchase;
INSERT INTO floor.ledger (product_id, quantity, purchase_id) VALUES (:product, -1, :purchase);
INSERT INTO floor.outbox (topic, purchase_id) VALUES ('mail', :purchase);
UPDATE floor.stock SET on_hand = on_hand - 1, reserved = reserved - 1 WHERE product_id = :product;
COMMIT;
