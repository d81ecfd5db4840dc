"""The carts over tables in memory."""

import base64
import json
import unittest
from datetime import datetime, timezone
from decimal import Decimal

import app

KITE = {"id": "delta-kite", "name": "Delta kite", "price": Decimal(2490)}
SOCK = {"id": "windsock", "name": "Garden windsock", "price": Decimal(1850)}
CART = "cart-0001"


class Table:
    """One DynamoDB table in memory, as far as the carts use it."""

    def __init__(self, *items):
        self.items = {item["id"]: item for item in items}

    def get_item(self, Key, **_):
        item = self.items.get(Key["id"])
        return {} if item is None else {"Item": dict(item)}

    def update_item(self, Key, UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues, **_):
        item = self.items.setdefault(Key["id"], dict(Key))
        name = ExpressionAttributeNames["#item"]
        if UpdateExpression.startswith("REMOVE #item"):
            item.pop(name, None)
        else:
            item[name] = Decimal(ExpressionAttributeValues[":quantity"])
        item["updatedAt"] = ExpressionAttributeValues[":now"]
        item["version"] = item.get("version", Decimal(0)) + 1
        return {"Attributes": dict(item)}


def price(basket):
    total = sum(item["unitPrice"] * item["quantity"] for item in basket["items"])
    return {"currency": basket["currency"], "lines": basket["items"], "total": total}


class CartTest(unittest.TestCase):
    def setUp(self):
        self.carts = Table()
        self.products = Table(KITE, SOCK)
        now = datetime(2026, 11, 23, 9, 30, tzinfo=timezone.utc)
        self.handler = app.create_handler(app.Carts(self.carts, self.products, price, "EUR", lambda: now))

    def ask(self, route, cart=CART, product=None, **event):
        parameters = {"cartId": cart} | ({"productId": product} if product else {})
        reply = self.handler({"routeKey": route, "pathParameters": parameters, **event})
        return reply["statusCode"], json.loads(reply["body"])

    def put(self, product, quantity, **event):
        body = json.dumps({"quantity": quantity})
        return self.ask("PUT /carts/{cartId}/items/{productId}", product=product, body=body, **event)

    def test_a_cart_that_nobody_has_used_is_empty(self):
        status, cart = self.ask("GET /carts/{cartId}")
        self.assertEqual((status, cart["lines"], cart["total"], cart["version"]), (200, [], 0, 0))

    def test_what_is_put_is_there_and_priced(self):
        self.put("delta-kite", 2)
        status, cart = self.put("windsock", 1)
        self.assertEqual((status, cart["total"], cart["version"]), (200, 2 * 2490 + 1850, 2))
        self.assertEqual(self.ask("GET /carts/{cartId}")[1], cart)

    def test_putting_again_sets_the_quantity(self):
        self.put("delta-kite", 2)
        _, cart = self.put("delta-kite", 1)
        self.assertEqual(cart["total"], 2490)

    def test_what_is_removed_is_gone_and_removing_again_is_no_error(self):
        self.put("delta-kite", 2)
        for version in (2, 3):
            status, cart = self.ask("DELETE /carts/{cartId}/items/{productId}", product="delta-kite")
            self.assertEqual((status, cart["lines"], cart["version"]), (200, [], version))

    def test_what_is_no_longer_for_sale_is_no_longer_shown(self):
        self.put("windsock", 1)
        del self.products.items["windsock"]
        self.assertEqual(self.ask("GET /carts/{cartId}")[1]["lines"], [])

    def test_a_body_may_come_in_base64(self):
        body = base64.b64encode(b'{"quantity": 3}').decode()
        _, cart = self.ask(
            "PUT /carts/{cartId}/items/{productId}", product="windsock", body=body, isBase64Encoded=True
        )
        self.assertEqual(cart["lines"][0]["quantity"], 3)

    def test_quantities_that_are_none_are_refused(self):
        for quantity in (0, -1, 100, 1.5, "2", True, None):
            with self.subTest(quantity=quantity):
                status, reply = self.put("windsock", quantity)
                self.assertEqual(status, 400)
                self.assertIn("whole number", reply["message"])
        self.assertEqual(self.carts.items, {})

    def test_bodies_that_are_no_object_are_refused(self):
        for body in (None, "", "[]", "{", "3"):
            with self.subTest(body=body):
                route = "PUT /carts/{cartId}/items/{productId}"
                self.assertEqual(self.ask(route, product="windsock", body=body)[0], 400)

    def test_unknown_products_cannot_be_put(self):
        status, reply = self.put("submarine", 1)
        self.assertEqual(status, 404)
        self.assertIn("submarine", reply["message"])

    def test_strange_cart_ids_are_refused(self):
        for cart in ("short", "x" * 65, "../../etc", "cart 0001"):
            with self.subTest(cart=cart):
                self.assertEqual(self.ask("GET /carts/{cartId}", cart=cart)[0], 400)

    def test_unknown_routes_are_refused(self):
        self.assertEqual(self.ask("PATCH /carts/{cartId}")[0], 404)

    def test_a_failure_of_pricing_fails_the_invocation(self):
        class Client:
            @staticmethod
            def invoke(**_):
                import io

                return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "no"}')}

        with self.assertRaisesRegex(RuntimeError, "pricing failed: no"):
            app.pricing(Client, "pricing")({"items": []})


if __name__ == "__main__":
    unittest.main()
