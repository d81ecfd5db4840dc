// The function's entry: plugs the catalogue to its table. What it does stands in catalogue.mjs.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";

import { createHandler } from "./catalogue.mjs";
import { createProducts } from "./products.mjs";

const dynamo = DynamoDBDocument.from(new DynamoDBClient({}));

export const handler = createHandler({
  products: createProducts({ dynamo, table: process.env.PRODUCTS_TABLE }),
  currency: process.env.CURRENCY,
});
