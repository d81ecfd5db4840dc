// The catalogue's HTTP API: what is for sale, and one product in full, with another that goes well with it.
import { CATEGORIES } from "./seed.mjs";

const MAX_AGE_SECS = 5;

/** Makes the Lambda handler over a store of products. */
export function createHandler({ products, currency }) {
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

  async function companion(product) {
    const others = (await products.inCategory(product.category)).filter(({ id }) => id !== product.id);
    const { id, name, price } = others[product.position % others.length];
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
