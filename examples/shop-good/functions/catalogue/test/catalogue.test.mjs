import assert from "node:assert/strict";
import { test } from "node:test";

import { createHandler } from "../src/catalogue.mjs";

const KITE = { id: "delta-kite", name: "Delta kite", category: "kites", price: 2490, position: 0 };
const BOX = { id: "box-kite", name: "Box kite", category: "kites", price: 3950, position: 1 };

function catalogue(stock = [KITE, BOX]) {
  return createHandler({
    currency: "EUR",
    products: {
      all: async () => stock,
      inCategory: async (category) => stock.filter((product) => product.category === category),
      get: async (id) => stock.find((product) => product.id === id),
    },
  });
}

async function ask(routeKey, event = {}, stock) {
  const { statusCode, headers, body } = await catalogue(stock)({ routeKey, ...event });
  return { statusCode, headers, body: JSON.parse(body) };
}

test("the list names the currency and every product", async () => {
  const { statusCode, headers, body } = await ask("GET /products");
  assert.equal(statusCode, 200);
  assert.equal(headers["content-type"], "application/json");
  assert.equal(body.currency, "EUR");
  assert.deepEqual(body.products.map((product) => product.id), ["delta-kite", "box-kite"]);
});

test("a category narrows the list", async () => {
  const { body } = await ask("GET /products", { queryStringParameters: { category: "books" } });
  assert.deepEqual(body.products, []);
});

test("an unknown category is refused by name", async () => {
  const { statusCode, body } = await ask("GET /products", { queryStringParameters: { category: "boats" } });
  assert.equal(statusCode, 400);
  assert.match(body.message, /no category "boats"/);
});

test("one product is shown in full", async () => {
  const { statusCode, body } = await ask("GET /products/{productId}", {
    pathParameters: { productId: "delta-kite" },
  });
  assert.equal(statusCode, 200);
  assert.deepEqual(body.product.name, "Delta kite");
});

test("a product comes with another of its category", async () => {
  const { body } = await ask("GET /products/{productId}", { pathParameters: { productId: "delta-kite" } });
  assert.equal(body.goesWith.id, "box-kite");
});

test("a product that is alone in its category comes with one of another", async () => {
  const atlas = { id: "cloud-atlas", name: "Atlas of clouds", category: "books", price: 1900, position: 2 };
  const { body } = await ask(
    "GET /products/{productId}",
    { pathParameters: { productId: "cloud-atlas" } },
    [KITE, BOX, atlas],
  );
  assert.equal(body.goesWith.id, "delta-kite");
});

test("the only product of the shop comes alone", async () => {
  const { statusCode, body } = await ask(
    "GET /products/{productId}",
    { pathParameters: { productId: "delta-kite" } },
    [KITE],
  );
  assert.equal(statusCode, 200);
  assert.equal(body.goesWith, null);
});

test("a product that is not for sale is a 404 that nobody may cache", async () => {
  const { statusCode, headers, body } = await ask("GET /products/{productId}", {
    pathParameters: { productId: "submarine" },
  });
  assert.equal(statusCode, 404);
  assert.equal(headers["cache-control"], "no-store");
  assert.match(body.message, /submarine/);
});

test("an unknown route is a 404", async () => {
  assert.equal((await ask("PATCH /products")).statusCode, 404);
});
