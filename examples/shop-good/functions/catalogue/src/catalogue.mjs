// The catalogue's HTTP API: what is for sale, and one product in full, with another that goes well with it.
import { CATEGORIES } from "./seed.mjs";

const MAX_AGE_SECS = 5;

/** Makes the Lambda handler over a store of products. */
export function createHandler({ products, currency, now = Date.now }) {
  const routes = {
    "GET /products": async (event) => {
      const category = event.queryStringParameters?.category;
      if (category !== undefined && !CATEGORIES.includes(category)) {
        return refuse(400, `there is no category "${category}"; choose one of ${CATEGORIES.join(", ")}`);
      }
      const found = category === undefined ? await products.all() : await products.inCategory(category);
      return answer(200, { currency, categories: CATEGORIES, products: found });
    },

    "GET /products/{productId}": async (event) => {
      const { productId } = event.pathParameters;
      const product = await products.get(productId);
      if (product === undefined) {
        return refuse(404, `there is no product "${productId}"`);
      }
      return answer(200, { currency, product, goesWith: await companion(product) });
    },
  };

  // The window changes seldom: one reading serves for as long as a browser may keep the page.
  let window = [];
  let readAt = -Infinity;
  async function onSale() {
    if (now() - readAt >= MAX_AGE_SECS * 1000) {
      window = await products.all();
      readAt = now();
    }
    return window;
  }

  // Another of its category; a product that is alone there is shown with the next in the window.
  async function companion(product) {
    const others = (await onSale()).filter(({ id }) => id !== product.id);
    const akin = others.filter(({ category }) => category === product.category);
    const choice = akin.length > 0 ? akin : others;
    if (choice.length === 0) return null;
    const { id, name, price } = choice[product.position % choice.length];
    return { id, name, price };
  }

  return async function handler(event) {
    const route = routes[event.routeKey];
    return route === undefined ? refuse(404, "there is nothing here") : route(event);
  };
}

function answer(statusCode, body) {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": `max-age=${MAX_AGE_SECS}` },
    body: JSON.stringify(body),
  };
}

function refuse(statusCode, message) {
  return {
    statusCode,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: JSON.stringify({ message }),
  };
}
