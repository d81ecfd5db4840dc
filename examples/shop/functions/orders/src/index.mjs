// The function's entry: plugs the orders to tables and prices. What it does stands in orders.mjs.
import { randomUUID } from "node:crypto";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";

import { createHandler } from "./orders.mjs";
import { createPricing } from "./pricing.mjs";
import { createStore } from "./store.mjs";

const { ORDERS_TABLE, CARTS_TABLE, PRODUCTS_TABLE, PRICING_FUNCTION, CURRENCY } = process.env;

export const handler = createHandler({
  store: createStore({
    dynamo: DynamoDBDocument.from(new DynamoDBClient({}), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    orders: ORDERS_TABLE,
    carts: CARTS_TABLE,
    products: PRODUCTS_TABLE,
  }),
  price: createPricing({ lambda: new LambdaClient({}), functionName: PRICING_FUNCTION }),
  currency: CURRENCY,
  newId: randomUUID,
  now: () => new Date(),
});
