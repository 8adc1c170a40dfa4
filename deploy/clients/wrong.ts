// What the compiler refuses, each line for one reason. Where the document would allow one, its mark is the error.
//
// Roadmap: api/openapi-documentation

import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

const shop = createClient<paths>();

// @ts-expect-error there is no such address
await shop.GET("/api/v1/product/");
// @ts-expect-error nor such a method
await shop.PUT("/api/v1/cart/");
// @ts-expect-error a member that is misspelt
await shop.POST("/api/v1/cart/lines/", { body: { sku: "LMP-PAP-045", quantitiy: 1 } });
// @ts-expect-error text where a number belongs
await shop.POST("/api/v1/cart/lines/", { body: { sku: "LMP-PAP-045", quantity: "two" } });
// @ts-expect-error an order that the list does not know
await shop.GET("/api/v1/products/", { params: { query: { ordering: "prize" } } });
// @ts-expect-error a purchase without its key
await shop.POST("/api/v1/orders/", { body: { payment_method: "pm_card_visa", shipping_address: { name: "Ada", line1: "1", city: "C", postal_code: "1", country: "DE" } } });
// @ts-expect-error half an address
await shop.POST("/api/v1/orders/", { params: { header: { "Idempotency-Key": "k" } }, body: { payment_method: "pm_card_visa", shipping_address: { name: "Ada" } } });
const { data } = await shop.GET("/api/v1/orders/{number}/", { params: { path: { number: "7KQ2-M4XD-9RT0" } } });
// @ts-expect-error a state that no order has
console.log(data?.status === "delivering");
// @ts-expect-error a price is text, so that no float rounds it
console.log((data?.total ?? 0) * 2);
