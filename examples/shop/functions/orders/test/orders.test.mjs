import assert from "node:assert/strict";
import { test } from "node:test";

import { createHandler } from "../src/orders.mjs";
import { CartChanged } from "../src/store.mjs";

const ADA = { name: "Ada Lovelace", email: "ada@example.org" };
const PRODUCTS = new Map([
  ["delta-kite", { id: "delta-kite", name: "Delta kite", price: 2490 }],
  ["windsock", { id: "windsock", name: "Garden windsock", price: 1850 }],
]);

function shop({ carts = {}, place = async () => {} } = {}) {
  const placed = [];
  const handler = createHandler({
    currency: "EUR",
    newId: () => "order-1",
    now: () => new Date("2026-11-23T09:30:00Z"),
    price: async ({ currency, items }) => ({
      currency,
      lines: items,
      total: items.reduce((sum, item) => sum + item.unitPrice * item.quantity, 0),
    }),
    store: {
      cart: async (id) => carts[id],
      products: async (ids) => new Map(ids.filter((id) => PRODUCTS.has(id)).map((id) => [id, PRODUCTS.get(id)])),
      place: async (order, cart) => {
        await place(order, cart);
        placed.push({ order, cart });
      },
      order: async (id) => placed.find(({ order }) => order.id === id)?.order,
    },
  });
  return { placed, handler };
}

async function post(body, options) {
  const { handler, placed } = shop(options);
  const reply = await handler({ routeKey: "POST /orders", body: JSON.stringify(body) });
  return { statusCode: reply.statusCode, body: JSON.parse(reply.body), placed };
}

test("a cart becomes an order, priced, and goes with it", async () => {
  const cart = { id: "c1", version: 3, items: [{ productId: "delta-kite", quantity: 2 }] };
  const { statusCode, body, placed } = await post({ customer: ADA, cartId: "c1" }, { carts: { c1: cart } });
  assert.equal(statusCode, 201);
  assert.equal(body.id, "order-1");
  assert.equal(body.status, "placed");
  assert.equal(body.placedAt, "2026-11-23T09:30:00.000Z");
  assert.equal(body.total, 4980);
  assert.equal(placed[0].cart, cart);
});

test("items can be ordered without a cart", async () => {
  const { statusCode, body, placed } = await post({
    customer: ADA,
    items: [{ productId: "windsock", quantity: 1 }],
  });
  assert.equal(statusCode, 201);
  assert.equal(body.total, 1850);
  assert.equal(placed[0].cart, undefined);
});

test("a placed order can be read back", async () => {
  const { handler } = shop();
  await handler({
    routeKey: "POST /orders",
    body: Buffer.from(JSON.stringify({ customer: ADA, items: [{ productId: "windsock", quantity: 1 }] })).toString("base64"),
    isBase64Encoded: true,
  });
  const reply = await handler({ routeKey: "GET /orders/{orderId}", pathParameters: { orderId: "order-1" } });
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(JSON.parse(reply.body).customer, ADA);
});

const REFUSED = [
  ["no JSON object", [], 400, /JSON object/],
  ["no customer", { items: [{ productId: "windsock", quantity: 1 }] }, 400, /name/],
  ["a blank name", { customer: { ...ADA, name: " " }, cartId: "c1" }, 400, /name/],
  ["no e-mail address", { customer: { ...ADA, email: "ada" }, cartId: "c1" }, 400, /e-mail/],
  ["an unknown cart", { customer: ADA, cartId: "gone" }, 400, /nothing in the cart/],
  ["nothing at all", { customer: ADA }, 400, /nothing in the cart/],
  ["a half kite", { customer: ADA, items: [{ productId: "delta-kite", quantity: 0.5 }] }, 400, /whole number/],
  ["too many", { customer: ADA, items: [{ productId: "delta-kite", quantity: 100 }] }, 400, /1 to 99/],
  ["a nameless item", { customer: ADA, items: [{ quantity: 1 }] }, 400, /productId/],
  ["a long list", { customer: ADA, items: Array(51).fill({ productId: "windsock", quantity: 1 }) }, 400, /50/],
  ["what is not for sale", { customer: ADA, items: [{ productId: "submarine", quantity: 1 }] }, 409, /submarine/],
];

for (const [what, body, statusCode, message] of REFUSED) {
  test(`an order with ${what} is refused`, async () => {
    const reply = await post(body);
    assert.equal(reply.statusCode, statusCode);
    assert.match(reply.body.message, message);
    assert.deepEqual(reply.placed, []);
  });
}

test("a cart that changed meanwhile is a conflict, not an order", async () => {
  const cart = { id: "c1", version: 3, items: [{ productId: "windsock", quantity: 1 }] };
  const place = async () => {
    throw new CartChanged("the cart has changed");
  };
  const reply = await post({ customer: ADA, cartId: "c1" }, { carts: { c1: cart }, place });
  assert.equal(reply.statusCode, 409);
});

test("any other failure fails the invocation", async () => {
  const place = async () => {
    throw new Error("the table is on fire");
  };
  await assert.rejects(post({ customer: ADA, items: [{ productId: "windsock", quantity: 1 }] }, { place }), /fire/);
});

test("an unknown order is a 404", async () => {
  const { handler } = shop();
  const reply = await handler({ routeKey: "GET /orders/{orderId}", pathParameters: { orderId: "nope" } });
  assert.equal(reply.statusCode, 404);
});
