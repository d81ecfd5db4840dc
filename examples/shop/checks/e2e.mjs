// A visitor's way through a deployed shop, at UPDRAFT_URL, in headless Chromium: from the catalogue to
// a placed order.
//
//     npm ci --prefix checks && UPDRAFT_URL=http://… node checks/e2e.mjs
//
// CHROMIUM names the browser when it is not on the path. Without a browser the check is skipped, and
// says so; with UPDRAFT_REQUIRE_BROWSER=1 it fails instead.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const WAIT_MS = 20_000;

const url = process.env.UPDRAFT_URL;
if (!url) {
  console.error("e2e: set UPDRAFT_URL to the address of a deployed shop");
  process.exit(2);
}

const executablePath = findBrowser();
if (executablePath === undefined) {
  const hint = "install the package `chromium`, or name a browser in CHROMIUM";
  if (process.env.UPDRAFT_REQUIRE_BROWSER === "1") {
    console.error(`e2e: there is no browser on this machine: ${hint}`);
    process.exit(1);
  }
  console.log(`e2e: SKIPPED, there is no browser on this machine: ${hint}`);
  process.exit(0);
}

const { chromium } = await import("playwright-core");
const browser = await chromium.launch({
  executablePath,
  // Chromium refuses its own sandbox to root; as anybody else it keeps it.
  chromiumSandbox: process.getuid?.() !== 0,
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(WAIT_MS);
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(`the page threw: ${error.message}`));
  page.on("response", (reply) => {
    if (reply.status() >= 400) wrongs.push(`${reply.request().method()} ${reply.url()} → ${reply.status()}`);
  });
  await walk(page);
  assert.deepEqual(wrongs, []);
  console.log("e2e: from the catalogue to a placed order: passed");
} finally {
  await browser.close();
}

async function walk(page) {
  const get = (id) => page.getByTestId(id);
  const text = async (id) => (await get(id).textContent()).trim();

  await step("the catalogue shows its products", async () => {
    await page.goto(url.endsWith("/") ? url : `${url}/`);
    await get("card-delta-kite").waitFor();
    assert.equal(await page.locator("[data-testid^=card-]").count(), 10);
    await shoot(page, "catalogue");
  });

  await step("a filter narrows them and is taken back", async () => {
    await get("filter-kites").click();
    await get("card-balsa-glider").waitFor({ state: "detached" });
    assert.equal(await page.locator("[data-testid^=card-]").count(), 3);
    await get("filter-everything").click();
    await get("card-balsa-glider").waitFor();
  });

  await step("a product is looked at and put into the cart", async () => {
    await get("open-delta-kite").click();
    await get("product-name").waitFor();
    assert.equal(await text("product-name"), "Delta kite");
    await shoot(page, "product");
    await get("product-add").click();
    await page.getByTestId("cart-count").getByText("1", { exact: true }).waitFor();
  });

  await step("another one from its card, twice in the cart", async () => {
    await get("add-balsa-glider").click();
    await page.getByTestId("cart-count").getByText("2", { exact: true }).waitFor();
    await get("open-cart").click();
    await get("more-balsa-glider").click();
    await page.getByTestId("quantity-balsa-glider").getByText("2", { exact: true }).waitFor();
    assert.match(await text("subtotal"), /50\.70$/);
    assert.match(await text("total"), /55\.60$/);
    await shoot(page, "cart");
  });

  await step("the order is placed and confirmed", async () => {
    await get("customer-name").fill("Amelia Earhart");
    await get("customer-email").fill("amelia@example.org");
    await get("place-order").click();
    await get("order-id").waitFor();
    assert.match(await text("order-id"), /^[0-9a-f-]{36}$/);
    assert.equal(await text("order-customer"), "Amelia Earhart");
    assert.match(await text("order-total"), /55\.60$/);
    await shoot(page, "confirmation");
  });

  await step("the cart is empty again", async () => {
    await get("order-close").click();
    await page.getByTestId("cart-count").getByText("0", { exact: true }).waitFor();
    await get("open-cart").click();
    await get("cart-empty").waitFor();
  });
}

async function step(what, work) {
  try {
    await work();
    console.log(`e2e: ${what}`);
  } catch (error) {
    throw new Error(`e2e: failed where ${what}: ${error.message}`, { cause: error });
  }
}

/** Keeps a picture of the page where UPDRAFT_SCREENSHOTS says. */
async function shoot(page, name) {
  const folder = process.env.UPDRAFT_SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

function findBrowser() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}
