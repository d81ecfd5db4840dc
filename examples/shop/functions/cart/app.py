"""The carts' HTTP API: what a visitor has put aside, with its price.

A cart is one item of its table: the attribute `item:<product>` is that product's quantity, so that two
tabs that add different products never overwrite each other, and `version` counts the changes, so that an
order can be sure to have seen the last of them.
"""

import base64
import json
import os
import re
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache

QUANTITY_MAX = 99
PRODUCTS_MAX = 50
CART_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
ITEM = "item:"


class Refusal(Exception):
    """What the visitor did wrong, in words for the visitor."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Carts:
    """The carts over their table, the products and the prices."""

    def __init__(self, carts, products, price, currency, now=lambda: datetime.now(timezone.utc)):
        self.carts = carts
        self.products = products
        self.price = price
        self.currency = currency
        self.now = now

    def show(self, cart_id):
        """The cart with prices; one that nobody has put anything into is empty."""
        record = self.carts.get_item(Key={"id": cart_id}, ConsistentRead=True).get("Item", {})
        return self.view(cart_id, record)

    def put(self, cart_id, product_id, quantity):
        """Sets how many of a product are in the cart."""
        if self.product(product_id) is None:
            raise Refusal(404, f'there is no product "{product_id}"')
        return self.change(cart_id, product_id, "SET #item = :quantity, ", {":quantity": quantity})

    def remove(self, cart_id, product_id):
        """Takes a product out of the cart, whether it was there or not."""
        return self.change(cart_id, product_id, "REMOVE #item SET ", {})

    def change(self, cart_id, product_id, what, values):
        reply = self.carts.update_item(
            Key={"id": cart_id},
            UpdateExpression=what + "updatedAt = :now ADD version :one",
            ExpressionAttributeNames={"#item": ITEM + product_id},
            ExpressionAttributeValues={":now": self.now().isoformat(), ":one": 1, **values},
            ReturnValues="ALL_NEW",
        )
        return self.view(cart_id, reply["Attributes"])

    def view(self, cart_id, record):
        items = []
        for name in sorted(record):
            product = self.product(name.removeprefix(ITEM)) if name.startswith(ITEM) else None
            # What was taken off the shelf since it was put aside is no longer shown.
            if product is not None:
                items.append(
                    {
                        "productId": product["id"],
                        "name": product["name"],
                        "unitPrice": int(product["price"]),
                        "quantity": int(record[name]),
                    }
                )
        if len(items) > PRODUCTS_MAX:
            raise Refusal(400, f"a cart holds {PRODUCTS_MAX} different products at most")
        bill = self.price({"currency": self.currency, "items": items})
        return {"id": cart_id, "version": int(record.get("version", 0)), **bill}

    def product(self, product_id):
        return self.products.get_item(Key={"id": product_id}).get("Item")


def create_handler(carts):
    """Makes the Lambda handler over the carts."""

    def show(event):
        return carts.show(cart_id(event))

    def put(event):
        return carts.put(cart_id(event), event["pathParameters"]["productId"], quantity(event))

    def remove(event):
        return carts.remove(cart_id(event), event["pathParameters"]["productId"])

    routes = {
        "GET /carts/{cartId}": show,
        "PUT /carts/{cartId}/items/{productId}": put,
        "DELETE /carts/{cartId}/items/{productId}": remove,
    }

    def handle(event, _context=None):
        try:
            route = routes.get(event["routeKey"])
            if route is None:
                raise Refusal(404, "there is nothing here")
            return answer(200, route(event))
        except Refusal as refusal:
            return answer(refusal.status, {"message": str(refusal)})

    return handle


def cart_id(event):
    found = event["pathParameters"]["cartId"]
    if CART_ID.fullmatch(found) is None:
        raise Refusal(400, "a cart's id is 8 to 64 letters, digits and hyphens")
    return found


def quantity(event):
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        text = base64.b64decode(text).decode(errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    found = body.get("quantity") if isinstance(body, dict) else None
    if type(found) is not int or not 1 <= found <= QUANTITY_MAX:
        raise Refusal(400, f'the body is {{"quantity": n}} with a whole number from 1 to {QUANTITY_MAX}')
    return found


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps(body, default=plain),
    }


def plain(value):
    if isinstance(value, Decimal):
        return int(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def pricing(client, function_name):
    """What a basket costs, asked of the pricing function."""

    def price(basket):
        reply = client.invoke(FunctionName=function_name, Payload=json.dumps(basket).encode())
        payload = json.load(reply["Payload"])
        if "FunctionError" in reply:
            raise RuntimeError(f"pricing failed: {payload.get('errorMessage')}")
        return payload

    return price


@cache
def live():
    """The handler over the real tables, made with the first event."""
    import boto3

    dynamodb = boto3.resource("dynamodb")
    return create_handler(
        Carts(
            carts=dynamodb.Table(os.environ["CARTS_TABLE"]),
            products=dynamodb.Table(os.environ["PRODUCTS_TABLE"]),
            price=pricing(boto3.client("lambda"), os.environ["PRICING_FUNCTION"]),
            currency=os.environ["CURRENCY"],
        )
    )


def handler(event, context):
    """The function's entry."""
    return live()(event, context)
