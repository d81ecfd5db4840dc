"""Asks a deployed shop, at UPDRAFT_URL, one question per function. Needs only Python's library.

    UPDRAFT_URL=http://… python3 checks/smoke.py
"""

import http.client
import json
import os
import sys
import time
import unittest
import uuid
from urllib.parse import urlsplit

URL = urlsplit(os.environ.get("UPDRAFT_URL", ""))
ATTEMPT_SECS = 30


def ask(method, path, body=None):
    """One request: its status, its headers and its body, read as JSON where it is."""
    # Names under .localhost are this machine by RFC 6761, section 6.3; not every resolver knows.
    host = "127.0.0.1" if (URL.hostname or "").endswith("localhost") else URL.hostname
    kind = http.client.HTTPSConnection if URL.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, URL.port, timeout=ATTEMPT_SECS)
    headers = {"host": URL.netloc}
    if body is not None:
        body = json.dumps(body)
        headers["content-type"] = "application/json"
    try:
        connection.request(method, URL.path.rstrip("/") + path, body, headers)
        reply = connection.getresponse()
        text = reply.read().decode()
        if reply.headers.get_content_type() == "application/json":
            return reply.status, reply.headers, json.loads(text)
        return reply.status, reply.headers, text
    finally:
        connection.close()


class Smoke(unittest.TestCase):
    def test_the_storefront_is_served(self):
        status, headers, page = ask("GET", "/")
        self.assertEqual((status, headers.get_content_type()), (200, "text/html"))
        self.assertIn("Updraft Supply", page)
        status, headers, _ = ask("GET", "/assets/shop.js")
        self.assertEqual((status, headers.get_content_type()), (200, "text/javascript"))

    def test_the_catalogue_has_products(self):
        status, _, catalogue = ask("GET", "/products")
        self.assertEqual(status, 200, catalogue)
        self.assertGreaterEqual(len(catalogue["products"]), 10)
        status, _, kite = ask("GET", "/products/delta-kite")
        self.assertEqual((status, kite["product"]["name"]), (200, "Delta kite"))

    def test_a_category_narrows_the_catalogue(self):
        deadline = time.monotonic() + ATTEMPT_SECS
        kites = []
        # A secondary index follows its table a little later.
        while not kites and time.monotonic() < deadline:
            _, _, reply = ask("GET", "/products?category=kites")
            kites = [product["id"] for product in reply["products"]]
        self.assertEqual(kites, ["delta-kite", "box-kite", "stunt-kite"])

    def test_an_order_can_be_placed_from_a_cart(self):
        ask("GET", "/products")
        cart = f"smoke-{uuid.uuid4()}"
        status, _, filled = ask("PUT", f"/carts/{cart}/items/windsock", {"quantity": 5})
        self.assertEqual((status, filled["subtotal"], filled["discount"]), (200, 9250, 925), filled)
        order = {"cartId": cart, "customer": {"name": "Smoke Test", "email": "smoke@example.org"}}
        status, _, placed = ask("POST", "/orders", order)
        self.assertEqual((status, placed["total"]), (201, 8325), placed)
        self.assertEqual(ask("GET", f"/orders/{placed['id']}")[2], placed)
        self.assertEqual(ask("GET", f"/carts/{cart}")[2]["lines"], [])
        self.assertEqual(ask("POST", "/orders", order)[0], 400)

    def test_what_is_wrong_is_refused(self):
        self.assertEqual(ask("GET", "/products/submarine")[0], 404)
        self.assertEqual(ask("PUT", "/carts/smoke-test/items/windsock", {"quantity": 0})[0], 400)
        self.assertEqual(ask("POST", "/orders", {})[0], 400)
        self.assertEqual(ask("GET", "/nothing/here")[0], 404)


if __name__ == "__main__":
    if not URL.hostname:
        sys.exit("smoke: set UPDRAFT_URL to the address of a deployed shop")
    unittest.main()
