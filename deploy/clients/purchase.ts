// A purchase by a typed client: `node purchase.ts http://127.0.0.1:8000`.
//
// Addresses, members and answers are checked against the API's document when this is compiled; `wrong.ts` shows what
// the compiler refuses.
//
// Roadmap: api/openapi-documentation

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

declare const process: { argv: string[] };

type Problem = components["schemas"]["Problem"];
/** Lists come as tables, too, to whoever asks for them. */
type Json = "application/json" | "application/problem+json";
const shop = createClient<paths, Json>({ baseUrl: process.argv[2] ?? "http://127.0.0.1:8000" });
const address = { name: "Ada", line1: "1 Lime Street", city: "Hamburg", postal_code: "20095", country: "DE" };

/** The answer, or the sentence of the problem as an exception. */
function good<T>({ data, error }: { data?: T; error?: Problem }): T {
  if (data === undefined) throw new Error(error?.detail);
  return data;
}

async function buy(key: string, card: string) {
  return shop.POST("/api/v1/orders/", {
    params: { header: { "Idempotency-Key": key } },
    body: { payment_method: card, shipping_address: address },
  });
}

const login = { email: "buyer-07@example.com", password: "crowd-shows-the-shop" };
const { access } = good(await shop.POST("/api/v1/auth/token/", { body: login }));
shop.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${access}`);
    return request;
  },
});

const query = { in_stock: "true", ordering: "price", min_price: 5, page_size: 1 } as const;
const [product] = good(await shop.GET("/api/v1/products/", { params: { query } })).results;
if (!product) throw new Error("Everything is sold out.");
console.log(`the cheapest thing: ${product.name}, ${product.price} ${product.currency}`);

const line = good(await shop.POST("/api/v1/cart/lines/", { body: { sku: product.sku, quantity: 1 } }));
console.log(`in the cart: ${line.quantity} ${line.name}`);

const declined = await buy(crypto.randomUUID(), "pm_card_chargeDeclined");
console.log(`by a bad card: ${declined.response.status} ${declined.error?.detail}`);

const key = crypto.randomUUID();
const paid = await buy(key, "pm_card_visa");
const order = good(paid);
console.log(`by a good card: ${paid.response.status} ${order.status} ${order.total} ${order.currency}`);
console.log(`pressed again: the same order: ${good(await buy(key, "pm_card_visa")).number === order.number}`);

const orders = good(await shop.GET("/api/v1/orders/")).results;
console.log(`the newest of the orders is that one: ${orders[0]?.number === order.number}`);

const path = { number: order.number };
const cancelled = await shop.POST("/api/v1/orders/{number}/cancellation/", { params: { path } });
console.log(`called off: ${cancelled.response.status} ${good(cancelled).status}`);
const unknown = await shop.GET("/api/v1/orders/{number}/", { params: { path: { number: "0000-0000-0000" } } });
console.log(`an order of nobody: ${unknown.response.status} ${unknown.error?.title}`);
