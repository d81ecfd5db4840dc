"""HTTP to a deployed API, whose name under .localhost not every resolver knows (RFC 6761)."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Reply:
    status: int
    headers: dict
    text: str

    @property
    def json(self):
        return json.loads(self.text)


def ask(url, method="GET", body=None, headers=None):
    """One request over a connection of its own; header names of the reply are in lower case."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"host": parts.netloc} | (headers or {}))
        reply = connection.getresponse()
        text = reply.read().decode()
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, text)
    finally:
        connection.close()
