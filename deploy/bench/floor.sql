-- The floor's tables: what two transactions of the smallest purchase need, with the keys and checks a shop would set.
-- Roadmap: databases/schema-design
CREATE SCHEMA floor;
CREATE TABLE floor.product (id bigint PRIMARY KEY, price numeric(12, 2) NOT NULL);
CREATE TABLE floor.stock (
    product_id bigint PRIMARY KEY REFERENCES floor.product,
    on_hand integer NOT NULL,
    reserved integer NOT NULL DEFAULT 0,
    CHECK (0 <= reserved AND reserved <= on_hand)
);
CREATE TABLE floor.purchase (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status text NOT NULL DEFAULT 'pending',
    total numeric(12, 2) NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE floor.line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    purchase_id bigint NOT NULL REFERENCES floor.purchase,
    product_id bigint NOT NULL REFERENCES floor.product,
    quantity integer NOT NULL CHECK (quantity > 0),
    price numeric(12, 2) NOT NULL
);
CREATE INDEX ON floor.line (purchase_id);
CREATE TABLE floor.ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES floor.product,
    quantity integer NOT NULL,
    purchase_id bigint NOT NULL REFERENCES floor.purchase,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE floor.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    purchase_id bigint NOT NULL,
    done_at timestamptz
);
INSERT INTO floor.product SELECT number, 12.80 FROM generate_series(1, 1000) AS number;
INSERT INTO floor.stock (product_id, on_hand) SELECT id, 1000000 FROM floor.product;
