// The orders' HTTP API: place one from a cart or a list of items, and look it up.
import { CartChanged } from "./store.mjs";

const ITEMS_MAX = 50;
const QUANTITY_MAX = 99;
const NAME_LEN_MAX = 120;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

class Refusal extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Makes the Lambda handler over a store, the prices, ids and a clock. */
export function createHandler({ store, price, currency, newId, now }) {
  async function place(event) {
    const { customer, cartId, items } = readBody(event);
    checkCustomer(customer);
    const cart = cartId === undefined ? undefined : await store.cart(cartId);
    const wanted = checkItems(cartId === undefined ? items : (cart?.items ?? []));
    const bill = await price(await basket(wanted));
    const order = {
      id: newId(),
      status: "placed",
      placedAt: now().toISOString(),
      customer: { name: customer.name, email: customer.email },
      ...bill,
    };
    await store.place(order, cart);
    return answer(201, order);
  }

  async function basket(items) {
    const products = await store.products(items.map((item) => item.productId));
    return {
      currency,
      items: items.map(({ productId, quantity }) => {
        const product = products.get(productId);
        if (product === undefined) throw new Refusal(409, `"${productId}" is no longer for sale`);
        return { productId, name: product.name, unitPrice: product.price, quantity };
      }),
    };
  }

  async function show(event) {
    const { orderId } = event.pathParameters;
    const order = await store.order(orderId);
    if (order === undefined) throw new Refusal(404, `there is no order "${orderId}"`);
    return answer(200, order);
  }

  const routes = { "POST /orders": place, "GET /orders/{orderId}": show };

  return async function handler(event) {
    try {
      const route = routes[event.routeKey];
      if (route === undefined) throw new Refusal(404, "there is nothing here");
      return await route(event);
    } catch (error) {
      if (error instanceof Refusal) return answer(error.statusCode, { message: error.message });
      if (error instanceof CartChanged) {
        return answer(409, { message: "the cart has changed since; look at it again and order then" });
      }
      throw error;
    }
  };
}

function readBody(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  try {
    const body = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body;
  } catch {
    // Told below, with what was expected.
  }
  throw new Refusal(400, "an order is a JSON object with a customer and a cartId or items");
}

function checkCustomer(customer) {
  const name = customer?.name;
  if (typeof name !== "string" || name.trim() === "" || name.length > NAME_LEN_MAX) {
    throw new Refusal(400, "an order needs the customer's name");
  }
  if (typeof customer.email !== "string" || !EMAIL.test(customer.email)) {
    throw new Refusal(400, "an order needs the customer's e-mail address");
  }
}

function checkItems(items) {
  if (!Array.isArray(items) || items.length === 0) throw new Refusal(400, "there is nothing in the cart");
  if (items.length > ITEMS_MAX) throw new Refusal(400, `an order holds ${ITEMS_MAX} items at most`);
  for (const item of items) {
    const { productId, quantity } = item ?? {};
    if (typeof productId !== "string" || productId === "") {
      throw new Refusal(400, "an item needs a productId");
    }
    if (!Number.isInteger(quantity) || quantity < 1 || quantity > QUANTITY_MAX) {
      throw new Refusal(400, `the quantity of "${productId}" is a whole number from 1 to ${QUANTITY_MAX}`);
    }
  }
  return items;
}

function answer(statusCode, body) {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify(body),
  };
}
