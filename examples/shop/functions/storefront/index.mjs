// Serves the storefront's files, which lie in the package beside this one.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
};

// The page runs nothing that it did not bring itself.
const SECURITY = {
  "content-security-policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

// Read once: a request can only name what is in here, so no path leads out of the folder.
const FOLDER = new URL("./public/", import.meta.url);
const FILES = new Map(readdirSync(FOLDER).map((name) => [name, read(name)]));

function read(name) {
  const body = readFileSync(new URL(name, FOLDER), "utf8");
  const etag = `"${createHash("sha256").update(body).digest("hex").slice(0, 32)}"`;
  return { body, etag, type: TYPES[extname(name)] ?? "application/octet-stream" };
}

export async function handler(event) {
  const name = event.routeKey === "GET /" ? "index.html" : event.pathParameters?.file;
  const file = FILES.get(name);
  if (file === undefined) {
    return {
      statusCode: 404,
      headers: { ...SECURITY, "content-type": TYPES[".html"], "cache-control": "no-store" },
      body: "<!doctype html><title>Not here</title><p>There is nothing here. <a href=\"/\">To the shop</a>",
    };
  }
  const headers = { ...SECURITY, "content-type": file.type, "cache-control": "no-cache", etag: file.etag };
  if (event.headers?.["if-none-match"] === file.etag) {
    return { statusCode: 304, headers };
  }
  return { statusCode: 200, headers, body: file.body };
}
