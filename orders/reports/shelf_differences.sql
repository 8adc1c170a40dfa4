-- Where the warehouse's count and our books differ: counted is null for what they did not find, on_hand for what we do
-- not know.
-- %(listed)s: JSON, [{"sku": "DESK", "counted": 4}, …], each SKU once.
-- FULL JOIN: both sides stay whole, with nulls on either.
-- Roadmap: databases/joins
SELECT coalesce(shelf.sku, found.sku) AS sku, shelf.on_hand, found.counted
FROM (SELECT sku, on_hand FROM shop_stock JOIN shop_product ON shop_product.id = product_id) shelf
FULL JOIN jsonb_to_recordset(%(listed)s::jsonb) AS found (sku text, counted integer) ON found.sku = shelf.sku
WHERE shelf.on_hand IS DISTINCT FROM found.counted
ORDER BY 1
