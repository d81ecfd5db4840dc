// The products' table.
import { SEED } from "./seed.mjs";

const CONDITION_FAILED = "ConditionalCheckFailedException";

/** The store of products over a DynamoDB document client. */
export function createProducts({ dynamo, table, seed = SEED }) {
  async function pages(operation, input) {
    const items = [];
    let ExclusiveStartKey;
    do {
      const page = await dynamo[operation]({ TableName: table, ...input, ExclusiveStartKey });
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return items;
  }

  // Two first visitors may both find the table empty: the condition lets each product be put once, and
  // never over a price that somebody has changed since.
  async function plant() {
    await Promise.all(
      seed.map(async (product) => {
        try {
          await dynamo.put({
            TableName: table,
            Item: product,
            ConditionExpression: "attribute_not_exists(id)",
          });
        } catch (error) {
          if (error.name !== CONDITION_FAILED) throw error;
        }
      }),
    );
  }

  async function unlessEmpty(read) {
    const found = await read();
    if (found !== undefined && found.length !== 0) return found;
    const any = await dynamo.scan({ TableName: table, Limit: 1 });
    if (any.Items.length > 0) return found;
    await plant();
    return read();
  }

  return {
    /** Every product, in the order of the shop window. */
    async all() {
      const items = await unlessEmpty(() => pages("scan", { ConsistentRead: true }));
      return items.sort((one, other) => one.position - other.position);
    },

    /** A category's products, the cheapest first. */
    inCategory(category) {
      return unlessEmpty(() =>
        pages("query", {
          IndexName: "byCategory",
          KeyConditionExpression: "category = :category",
          ExpressionAttributeValues: { ":category": category },
        }),
      );
    },

    /** One product, or `undefined`. */
    get(id) {
      return unlessEmpty(async () => (await dynamo.get({ TableName: table, Key: { id } })).Item);
    },
  };
}
