"""The bootstrap of the Python runtimes: loads the handler, then calls it for one event after the other.

It speaks the Runtime API over one socket, and asks for the next event in the same write as it answers
the last. What it imports, every function waits for: so it imports little.
"""

import json
import os
import socket
import sys
import time

_FRAMES = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
_FRAMES = int(_FRAMES) if _FRAMES else None
_API = "/2018-06-01/runtime/"
_HERE = __file__

_request_id = None


class Fault(Exception):
    """A handler that cannot be loaded, under the name and in the words that Lambda uses."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, list(trace)


class Unbuffered:
    """Standard output of which nothing is held back: a frozen process could not flush it."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        written = self.stream.write(text)
        self.stream.flush()
        return written

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()

    def __getattr__(self, name):
        return getattr(self.stream, name)


def log_event(text):
    """Logs a text of several lines as one event."""
    data = text.encode("utf-8", "replace")
    if _FRAMES is None:
        os.write(2, data + b"\n")
        return
    head = b"\xa5\x5a\x00\x03" + len(data).to_bytes(4, "big") + int(time.time() * 1e6).to_bytes(8, "big")
    data = head + data
    while data:
        data = data[os.write(_FRAMES, data) :]


class Client:
    """One connection to the Runtime API."""

    def __init__(self, address):
        host, port = address.split(":")
        self.host = address
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def get_next(self):
        return ("GET %sinvocation/next HTTP/1.1\r\nHost: %s\r\n\r\n" % (_API, self.host)).encode()

    def post(self, path, body, kind=None):
        head = "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n" % (_API, path, self.host)
        if kind:
            head += "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind
        return (head + "Content-Length: %d\r\n\r\n" % len(body)).encode() + body

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The headers, in lower case, and the body of one answer."""
        while (end := self.input.find(b"\r\n\r\n")) < 0:
            self.fill()
        head = self.input[:end].decode("utf-8").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        start, length = end + 4, int(headers.get("content-length", 0))
        while len(self.input) < start + length:
            self.fill()
        body, self.input = self.input[start : start + length], self.input[start + length :]
        return headers, body

    def fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            sys.exit(0)
        self.input += data


class Identity:
    """The Amazon Cognito identity of a mobile caller."""

    def __init__(self, cognito):
        self.cognito_identity_id = cognito.get("cognitoIdentityId")
        self.cognito_identity_pool_id = cognito.get("cognitoIdentityPoolId")

    def __repr__(self):
        return "CognitoIdentity([cognito_identity_id=%s,cognito_identity_pool_id=%s])" % (
            self.cognito_identity_id,
            self.cognito_identity_pool_id,
        )


class Client_:
    """The mobile client of a client context."""

    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))


class ClientContext:
    """What a mobile caller says of itself."""

    def __init__(self, values):
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = Client_(values["client"]) if values.get("client") else None


class LambdaContext:
    """What a handler is told of its call."""

    def __init__(self, headers):
        environ = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.tenant_id = None
        client = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(client)) if client else None
        cognito = headers.get("lambda-runtime-cognito-identity")
        self.identity = Identity(json.loads(cognito) if cognito else {})
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity"
        )
        return "LambdaContext([%s])" % ",".join("%s=%s" % (n, getattr(self, n)) for n in names.split())


def configure_logging(logging):
    """The root logger as Lambda sets it up: one handler, the request id in each line."""

    class Handler(logging.Handler):
        def emit(self, record):
            log_event(self.format(record).rstrip("\n"))

    def add_request_id(record):
        record.aws_request_id = _request_id or ""
        return True

    logging.Formatter.converter = time.gmtime
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler = Handler()
    handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(add_request_id)
    logging.getLogger().addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if level:
        logging.getLogger().setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))


class LoggingHook:
    """Sets logging up when a function imports it, so that those that do not need not wait for it."""

    def find_spec(self, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                break
        else:
            return None
        execute = spec.loader.exec_module

        def execute_and_configure(module):
            execute(module)
            configure_logging(module)

        spec.loader.exec_module = execute_and_configure
        return spec


def describe(error):
    """An exception's name, message and stack, without the frames of this file."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    while frames and frames[0].filename in (_HERE, "<frozen importlib._bootstrap>"):
        frames = traceback.StackSummary.from_list(frames[1:])
    return type(error).__name__, str(error), traceback.format_list(frames)


def error_document(kind, message, request_id, trace):
    document = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def log_error(kind, message, trace):
    lines = "".join(line if line.endswith("\n") else line + "\n" for line in trace)
    text = "[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (kind, message, lines)
    log_event(text.rstrip("\n"))


def load(handler):
    """Finds the handler `module.function`, or says in Lambda's words why not."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error))
    name = module_name.replace("/", ".")
    if name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        __import__(name)
        module = sys.modules[name]
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        raise Fault("Runtime.ImportModuleError", message)
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("Runtime.HandlerNotFound", message)


def fail_init(client, error):
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        kind, message, trace = describe(error)
    log_error(kind, message, trace)
    client.send(client.post("init/error", error_document(kind, message, "", trace), kind))
    client.receive()
    sys.exit(1)


def encode(value):
    """Types that Lambda can answer with beside JSON's own."""
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def answer(client, handler, headers, event):
    """The request that ends this call."""
    request_id = headers["lambda-runtime-aws-request-id"]
    try:
        event = json.loads(event)
    except ValueError as error:
        message = "Unable to unmarshal input: %s" % error
        log_error("Runtime.UnmarshalError", message, [])
        document = error_document("Runtime.UnmarshalError", message, request_id, [])
        return client.post("invocation/%s/error" % request_id, document)
    try:
        result = handler(event, LambdaContext(headers))
        try:
            body = json.dumps(result, ensure_ascii=False, default=encode).encode("utf-8")
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)
        return client.post("invocation/%s/response" % request_id, body)
    except Fault as fault:
        kind, message, trace = fault.kind, fault.message, fault.trace
    except Exception as error:
        kind, message, trace = describe(error)
    log_error(kind, message, trace)
    return client.post("invocation/%s/error" % request_id, error_document(kind, message, request_id, trace))


def await_assignment(client):
    """Waits, in a runtime that was started before there was code, to be told what it is."""
    client.send(("GET /updraft/assignment HTTP/1.1\r\nHost: %s\r\n\r\n" % client.host).encode())
    _, body = client.receive()
    os.environ.update(json.loads(body)["environment"])
    # The directory that was here when this process started lies below the code now.
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    sys.path_importer_cache.clear()
    if hasattr(time, "tzset"):
        time.tzset()


def find_code():
    """Puts the function and its layers before everything else that may be imported."""
    places = [os.environ["LAMBDA_TASK_ROOT"]]
    for place in ("/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python"):
        if os.path.isdir(place):
            places.append(place)
    sys.path[:0] = places


def main():
    global _request_id
    sys.stdout, sys.stderr = Unbuffered(sys.stdout), Unbuffered(sys.stderr)
    sys.meta_path.insert(0, LoggingHook())
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    if os.environ.pop("_UPDRAFT_EARLY", None):
        await_assignment(client)
    find_code()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        fail_init(client, error)
    pending, answered = b"", False
    while True:
        client.send(pending + client.get_next())
        if answered:
            client.receive()
        headers, event = client.receive()
        _request_id = headers["lambda-runtime-aws-request-id"]
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        pending, answered = answer(client, handler, headers, event), True


if __name__ == "__main__":
    main()
