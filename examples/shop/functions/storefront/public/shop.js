// The storefront: catalogue, cart, checkout, confirmation. Every text from the API is escaped once, by
// `html`, on its way into the page.
import { picture } from "./art.js";

const CART_KEY = "updraft-supply-cart";
const $ = (id) => document.getElementById(id);

const shop = { products: new Map(), categories: [], category: undefined, currency: "EUR", cart: undefined };

// Talking to the API ------------------------------------------------------------------------------

async function api(method, path, body) {
  const reply = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(answer.message ?? `the shop answered ${reply.status}`);
  return answer;
}

function cartId() {
  let id = localStorage.getItem(CART_KEY);
  if (id === null) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem(CART_KEY, id);
  }
  return id;
}

// Showing it --------------------------------------------------------------------------------------

function escape(text) {
  return String(text).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** A template whose values are escaped, unless they were made by `html` themselves. */
function html(strings, ...values) {
  const text = values.map((value) => [value].flat().map((one) => (one?.safe ? one.text : escape(one ?? ""))).join(""));
  return { safe: true, text: String.raw({ raw: strings }, ...text) };
}

const art = (product) => ({ safe: true, text: picture({ shape: product.art.shape, hue: Number(product.art.hue) }, escape(product.name)) });

function money(cents, currency = shop.currency) {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(cents / 100);
}

function tell(message) {
  $("notice").textContent = message ?? "";
  $("notice").hidden = message === undefined;
}

function showFilters() {
  const button = (name, label) => html`<button type="button" data-category="${name}" data-testid="filter-${label}"
    aria-pressed="${(shop.category ?? "") === name}">${label}</button>`;
  $("filters").innerHTML = html`${[button("", "everything"), ...shop.categories.map((name) => button(name, name))]}`.text;
}

function showCatalogue(products) {
  $("catalogue").innerHTML = html`${products.map(
    (product) => html`<article class="card" data-testid="card-${product.id}">
      <button class="open" type="button" data-open="${product.id}" data-testid="open-${product.id}">
        ${art(product)}
        <h3>${product.name}</h3>
        <div class="kind">${product.category}</div>
      </button>
      <div class="buy">
        <span class="price">${money(product.price)}</span>
        <button class="add" type="button" data-add="${product.id}" data-testid="add-${product.id}">Add to cart</button>
      </div>
    </article>`,
  )}`.text;
  $("catalogue").setAttribute("aria-busy", "false");
}

function showProduct(product) {
  $("product").innerHTML = html`${art(product)}<div class="inside">
    <h2 data-testid="product-name">${product.name}</h2>
    <p>${product.description}</p>
    <div class="row">
      <span class="price" data-testid="product-price">${money(product.price)}</span>
      <span>
        <button class="ghost" type="button" data-close data-testid="product-close">Close</button>
        <button class="primary" type="button" data-add="${product.id}" data-testid="product-add">Add to cart</button>
      </span>
    </div>
  </div>`.text;
  if (!$("product").open) $("product").showModal();
}

function showCart() {
  const { lines, subtotal, discount, shipping, total } = shop.cart;
  const count = lines.reduce((sum, line) => sum + line.quantity, 0);
  $("cart-count").textContent = count;
  $("checkout").hidden = lines.length === 0;
  $("cart-lines").innerHTML = (lines.length === 0
    ? html`<li class="empty" data-testid="cart-empty">Nothing in here yet.</li>`
    : html`${lines.map(
        (line) => html`<li data-testid="line-${line.productId}">
          <span>${line.name}</span><small>${money(line.unitPrice)} each</small>
          <span class="step">
            <button type="button" data-set="${line.productId}" data-quantity="${line.quantity - 1}" aria-label="One ${line.name} fewer" data-testid="fewer-${line.productId}">−</button>
            <output data-testid="quantity-${line.productId}">${line.quantity}</output>
            <button type="button" data-set="${line.productId}" data-quantity="${line.quantity + 1}" aria-label="One ${line.name} more" data-testid="more-${line.productId}">+</button>
          </span>
          <span class="price">${money(line.total)}</span>
        </li>`,
      )}`
  ).text;
  $("cart-sums").innerHTML = (lines.length === 0
    ? html``
    : html`<dt>Subtotal</dt><dd data-testid="subtotal">${money(subtotal)}</dd>
        ${discount > 0 ? html`<dt>Discount</dt><dd data-testid="discount">−${money(discount)}</dd>` : html``}
        <dt>Shipping</dt><dd data-testid="shipping">${shipping === 0 ? "free" : money(shipping)}</dd>
        <dt class="total">Total</dt><dd class="total" data-testid="total">${money(total)}</dd>`
  ).text;
}

function showConfirmation(order) {
  $("confirmation").innerHTML = html`<div class="inside">
    <h2>Thank you, <span data-testid="order-customer">${order.customer.name}</span>.</h2>
    <p>Your order is placed. We will write to ${order.customer.email} when it takes off.</p>
    <dl class="sums">
      <dt>Order</dt><dd data-testid="order-id">${order.id}</dd>
      <dt class="total">Total</dt><dd class="total" data-testid="order-total">${money(order.total, order.currency)}</dd>
    </dl>
    <div class="row"><span></span><button class="primary" type="button" data-close data-testid="order-close">Back to the shop</button></div>
  </div>`.text;
  $("confirmation").showModal();
}

// Doing it ----------------------------------------------------------------------------------------

async function loadCatalogue() {
  const query = shop.category === undefined ? "" : `?category=${encodeURIComponent(shop.category)}`;
  const { currency, categories, products } = await api("GET", `products${query}`);
  Object.assign(shop, { currency, categories });
  for (const product of products) shop.products.set(product.id, product);
  showFilters();
  showCatalogue(products);
}

async function loadCart() {
  shop.cart = await api("GET", `carts/${cartId()}`);
  showCart();
}

async function setQuantity(productId, quantity) {
  const path = `carts/${cartId()}/items/${encodeURIComponent(productId)}`;
  shop.cart = quantity > 0 ? await api("PUT", path, { quantity }) : await api("DELETE", path);
  showCart();
}

async function add(productId) {
  const line = shop.cart?.lines.find((each) => each.productId === productId);
  await setQuantity(productId, (line?.quantity ?? 0) + 1);
  $("product").close();
}

async function placeOrder(form) {
  const wrong = $("checkout-wrong");
  wrong.hidden = true;
  try {
    const customer = { name: form.get("name").trim(), email: form.get("email").trim() };
    const order = await api("POST", "orders", { cartId: cartId(), customer });
    localStorage.removeItem(CART_KEY);
    $("cart").close();
    showConfirmation(order);
    await loadCart();
  } catch (error) {
    wrong.textContent = error.message;
    wrong.hidden = false;
  }
}

/** Runs what a click asked for; what goes wrong is told to the visitor. */
async function attempt(button, work) {
  if (button !== undefined) button.disabled = true;
  try {
    tell(undefined);
    await work();
  } catch (error) {
    tell(`That did not work: ${error.message}`);
  } finally {
    if (button !== undefined) button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button === null) return;
  const { category, open, add: product, set, quantity } = button.dataset;
  if (button.hasAttribute("data-close")) button.closest("dialog").close();
  else if (button.id === "open-cart") $("cart").showModal();
  else if (category !== undefined) {
    shop.category = category === "" ? undefined : category;
    attempt(button, loadCatalogue);
  } else if (open !== undefined) {
    attempt(button, async () => showProduct((await api("GET", `products/${encodeURIComponent(open)}`)).product));
  } else if (product !== undefined) attempt(button, () => add(product));
  else if (set !== undefined) attempt(button, () => setQuantity(set, Number(quantity)));
});

$("checkout").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter ?? undefined;
  attempt(button, () => placeOrder(new FormData(event.target)));
});

attempt(undefined, loadCatalogue);
attempt(undefined, loadCart);
