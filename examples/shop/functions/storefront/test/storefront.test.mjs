import assert from "node:assert/strict";
import { test } from "node:test";

import { handler } from "../index.mjs";

const page = (headers = {}) => handler({ routeKey: "GET /", headers });
const asset = (file) => handler({ routeKey: "GET /assets/{file}", pathParameters: { file } });

test("the page is HTML that may run only its own script", async () => {
  const { statusCode, headers, body } = await page();
  assert.equal(statusCode, 200);
  assert.match(headers["content-type"], /text\/html/);
  assert.match(headers["content-security-policy"], /default-src 'self'/);
  assert.match(body, /<title>Updraft Supply<\/title>/);
});

test("every asset that the page names is there, with its type", async () => {
  const { body } = await page();
  const names = [...body.matchAll(/(?:src|href)="assets\/([^"]+)"/g)].map((match) => match[1]);
  assert.ok(names.length >= 3, String(names));
  for (const name of names) {
    const { statusCode, headers } = await asset(name);
    assert.equal(statusCode, 200, name);
    assert.doesNotMatch(headers["content-type"], /octet-stream/, name);
  }
});

test("the page needs nothing from elsewhere", async () => {
  for (const reply of [await page(), await asset("shop.js"), await asset("shop.css"), await asset("art.js")]) {
    const outside = reply.body.match(/https?:\/\/(?!www\.w3\.org\/)[^"'\s]+/g);
    assert.equal(outside, null);
  }
});

test("a browser that has the page is told so", async () => {
  const { headers } = await page();
  const again = await page({ "if-none-match": headers.etag });
  assert.equal(again.statusCode, 304);
  assert.equal(again.body, undefined);
});

test("no name leads out of the folder", async () => {
  for (const name of ["../index.mjs", "..%2findex.mjs", "/etc/passwd", "constructor", "", undefined]) {
    assert.equal((await asset(name)).statusCode, 404, name);
  }
});
