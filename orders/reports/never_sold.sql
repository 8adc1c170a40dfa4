-- Products for sale that nobody ever ordered, the oldest first.
-- LEFT JOIN: every product stays, with nulls where no line matches; the nulls are what is asked for.
-- Roadmap: databases/joins
SELECT product.sku, product.name, product.created_at::date AS for_sale_since
FROM shop_product product
LEFT JOIN orders_orderline line ON line.product_id = product.id
WHERE line.id IS NULL AND product.is_listed
ORDER BY product.created_at, product.sku
