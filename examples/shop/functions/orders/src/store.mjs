// The tables that an order touches: it is written and its cart removed in one transaction.

const TRANSACTION_CANCELED = "TransactionCanceledException";

/** The cart was changed or ordered by somebody else in the meantime. */
export class CartChanged extends Error {}

/** The store of orders over a DynamoDB document client. */
export function createStore({ dynamo, orders, carts, products }) {
  return {
    /** The cart's items by product id and its version, or `undefined`. */
    async cart(id) {
      const { Item } = await dynamo.get({ TableName: carts, Key: { id }, ConsistentRead: true });
      if (Item === undefined) return undefined;
      const items = Object.entries(Item)
        .filter(([name]) => name.startsWith("item:"))
        .map(([name, quantity]) => ({ productId: name.slice("item:".length), quantity }));
      return { id, version: Item.version, items };
    },

    /** Products by id; those that do not exist are missing. */
    async products(ids) {
      const found = new Map();
      let Keys = [...new Set(ids)].map((id) => ({ id }));
      while (Keys.length > 0) {
        const reply = await dynamo.batchGet({ RequestItems: { [products]: { Keys } } });
        for (const product of reply.Responses?.[products] ?? []) found.set(product.id, product);
        Keys = reply.UnprocessedKeys?.[products]?.Keys ?? [];
      }
      return found;
    },

    /** Writes an order and, when it came from a cart, removes that cart as it was read. */
    async place(order, cart) {
      const TransactItems = [
        { Put: { TableName: orders, Item: order, ConditionExpression: "attribute_not_exists(id)" } },
      ];
      if (cart !== undefined) {
        TransactItems.push({
          Delete: {
            TableName: carts,
            Key: { id: cart.id },
            ConditionExpression: "version = :version",
            ExpressionAttributeValues: { ":version": cart.version },
          },
        });
      }
      try {
        await dynamo.transactWrite({ TransactItems });
      } catch (error) {
        if (error.name === TRANSACTION_CANCELED) throw new CartChanged("the cart has changed");
        throw error;
      }
    },

    /** One order, or `undefined`. */
    async order(id) {
      return (await dynamo.get({ TableName: orders, Key: { id } })).Item;
    },
  };
}
