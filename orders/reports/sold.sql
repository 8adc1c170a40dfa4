-- Units and money by product, of orders that were paid and not given up since; the best seller first.
-- INNER JOIN: a row for each pair that matches. A product without a line, and a line without an order, is not there.
-- Roadmap: databases/joins, databases/group-by-having
SELECT product.sku, product.name, sum(line.quantity) AS units, sum(line.line_total) AS revenue, purchase.currency
FROM shop_product product
INNER JOIN orders_orderline line ON line.product_id = product.id
INNER JOIN orders_order purchase ON purchase.id = line.order_id
WHERE purchase.status IN ('paid', 'fulfilled')
GROUP BY product.id, purchase.currency
ORDER BY units DESC, product.sku
