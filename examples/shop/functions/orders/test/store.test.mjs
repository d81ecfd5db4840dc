import assert from "node:assert/strict";
import { test } from "node:test";

import { CartChanged, createStore } from "../src/store.mjs";

const TABLES = { orders: "orders", carts: "carts", products: "products" };

test("a cart's items are its attributes that begin with item:", async () => {
  const dynamo = {
    get: async () => ({ Item: { id: "c1", version: 2, updatedAt: "x", "item:windsock": 3 } }),
  };
  const cart = await createStore({ dynamo, ...TABLES }).cart("c1");
  assert.deepEqual(cart, { id: "c1", version: 2, items: [{ productId: "windsock", quantity: 3 }] });
});

test("products are asked for once each, and again when some were left", async () => {
  const asked = [];
  const dynamo = {
    async batchGet({ RequestItems }) {
      const { Keys } = RequestItems.products;
      asked.push(Keys.map((key) => key.id));
      const rest = Keys.slice(1);
      return {
        Responses: { products: [Keys[0]] },
        UnprocessedKeys: rest.length > 0 ? { products: { Keys: rest } } : {},
      };
    },
  };
  const found = await createStore({ dynamo, ...TABLES }).products(["a", "b", "a"]);
  assert.deepEqual([...found.keys()], ["a", "b"]);
  assert.deepEqual(asked, [["a", "b"], ["b"]]);
});

test("placing removes exactly the cart that was read, in the same transaction", async () => {
  let sent;
  const dynamo = { transactWrite: async (input) => (sent = input) };
  await createStore({ dynamo, ...TABLES }).place({ id: "o1" }, { id: "c1", version: 7 });
  assert.equal(sent.TransactItems.length, 2);
  assert.deepEqual(sent.TransactItems[1].Delete.ExpressionAttributeValues, { ":version": 7 });
});

test("a cancelled transaction means that the cart changed", async () => {
  const dynamo = {
    async transactWrite() {
      throw Object.assign(new Error("cancelled"), { name: "TransactionCanceledException" });
    },
  };
  await assert.rejects(createStore({ dynamo, ...TABLES }).place({ id: "o1" }), CartChanged);
});
