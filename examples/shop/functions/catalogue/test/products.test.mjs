import assert from "node:assert/strict";
import { test } from "node:test";

import { createProducts } from "../src/products.mjs";
import { CATEGORIES, SEED } from "../src/seed.mjs";

const TWO = [
  { id: "b", category: "kites", price: 2, position: 1 },
  { id: "a", category: "kites", price: 1, position: 0 },
];

/** A table of a few items that pages one by one and answers as the document client does. */
function table(items = []) {
  const calls = [];
  const page = ({ ExclusiveStartKey, Limit }, found) => {
    const start = ExclusiveStartKey?.index ?? 0;
    const more = start + 1 < found.length && Limit === undefined;
    return { Items: found.slice(start, start + 1), LastEvaluatedKey: more ? { index: start + 1 } : undefined };
  };
  return {
    calls,
    async scan(input) {
      calls.push("scan");
      return page(input, items);
    },
    async query(input) {
      calls.push("query");
      const category = input.ExpressionAttributeValues[":category"];
      return page(input, items.filter((item) => item.category === category));
    },
    async get({ Key }) {
      calls.push("get");
      return { Item: items.find((item) => item.id === Key.id) };
    },
    async put({ Item, ConditionExpression }) {
      calls.push("put");
      assert.equal(ConditionExpression, "attribute_not_exists(id)");
      if (items.some((item) => item.id === Item.id)) {
        throw Object.assign(new Error("The conditional request failed"), {
          name: "ConditionalCheckFailedException",
        });
      }
      items.push(Item);
    },
  };
}

test("an empty table is planted once, by whichever question comes first", async () => {
  for (const ask of [(p) => p.all(), (p) => p.get("a"), (p) => p.inCategory("kites")]) {
    const dynamo = table();
    const products = createProducts({ dynamo, table: "products", seed: TWO });
    assert.ok(await ask(products));
    await products.all();
    assert.equal(dynamo.calls.filter((call) => call === "put").length, 2);
  }
});

test("a race to plant is lost without harm", async () => {
  const dynamo = table();
  const one = createProducts({ dynamo, table: "products", seed: TWO });
  const other = createProducts({ dynamo, table: "products", seed: TWO });
  const [mine, yours] = await Promise.all([one.all(), other.all()]);
  assert.deepEqual(mine.map((product) => product.id), ["a", "b"]);
  assert.deepEqual(yours.map((product) => product.id), ["a", "b"]);
});

test("a full table is never planted, not even for a product it does not have", async () => {
  const dynamo = table([...TWO]);
  const products = createProducts({ dynamo, table: "products" });
  assert.equal(await products.get("submarine"), undefined);
  assert.ok(!dynamo.calls.includes("put"));
});

test("another failure of a write is not swallowed", async () => {
  const dynamo = table();
  dynamo.put = async () => {
    throw Object.assign(new Error("no"), { name: "AccessDeniedException" });
  };
  await assert.rejects(createProducts({ dynamo, table: "products" }).all(), /no/);
});

test("every page is read and the window's order kept", async () => {
  const products = createProducts({ dynamo: table([...TWO]), table: "products" });
  assert.deepEqual((await products.all()).map((product) => product.id), ["a", "b"]);
  assert.equal((await products.inCategory("kites")).length, 2);
});

test("what is planted makes a shop: unique ids, known categories, prices in whole cents", () => {
  assert.equal(new Set(SEED.map((product) => product.id)).size, SEED.length);
  for (const product of SEED) {
    assert.ok(CATEGORIES.includes(product.category), product.id);
    assert.ok(Number.isInteger(product.price) && product.price > 0, product.id);
  }
});
