// The bootstrap of the Node runtimes: loads the handler, then calls it for one event after the other.
//
// It speaks the Runtime API over one socket, and asks for the next event in the same write as it
// answers the last. The socket does not keep the event loop alive while a handler runs, so that
// `callbackWaitsForEmptyEventLoop` can mean what it says.
'use strict';

const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const util = require('node:util');

const API = '/2018-06-01/runtime/';
const HOST = process.env.AWS_LAMBDA_RUNTIME_API;
const FRAMES = process.env._LAMBDA_TELEMETRY_LOG_FD ? Number(process.env._LAMBDA_TELEMETRY_LOG_FD) : null;
delete process.env._LAMBDA_TELEMETRY_LOG_FD;
const GET_NEXT = Buffer.from(`GET ${API}invocation/next HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);

let requestId;

// --- The log: one event per message, in the form of Lambda's own console.

function logEvent(text) {
  const data = Buffer.from(text);
  if (FRAMES === null) {
    fs.writeSync(2, `${text}\n`);
    return;
  }
  const frame = Buffer.allocUnsafe(16 + data.length);
  frame.writeUInt32BE(0xa55a0003, 0);
  frame.writeUInt32BE(data.length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  data.copy(frame, 16);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(FRAMES, frame, at);
}

function logLine(level, message) {
  logEvent(`${new Date().toISOString()}\t${requestId}\t${level}\t${message}`);
}

function patchConsole() {
  const levels = { log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => logLine(level, util.format(...values));
  }
  console.fatal = (...values) => logLine('FATAL', util.format(...values));
}

// --- Errors, as documents for the caller and as lines for the log.

function isError(value) {
  return value instanceof Error || util.types.isNativeError(value) ||
    Boolean(value && value.name && value.message && value.stack);
}

function errorDocument(error) {
  if (isError(error)) {
    const trace = typeof error.stack === 'string' ? error.stack.split('\n') : [];
    return { errorType: String(error.name).replaceAll('\x7F', '%7F'), errorMessage: String(error.message), trace };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function errorLine(error) {
  try {
    if (!isError(error)) return JSON.stringify({ errorType: typeof error, errorMessage: String(error), stack: [] });
    const stack = typeof error.stack === 'string' ? error.stack.split('\n') : [];
    return JSON.stringify({ errorType: error.name, errorMessage: error.message, ...error, stack });
  } catch {
    return JSON.stringify(errorDocument(error));
  }
}

function fault(name, message) {
  const error = new Error(message);
  // As a class would have it: in the error's prototype chain, not among its own fields.
  Object.defineProperty(error, 'name', { value: name, configurable: true });
  error.stack = error.stack.replace(/^Error/, name);
  return error;
}

// --- The connection. Answers come in the order of the requests; only that to `next` is of interest.

let socket;
let input = Buffer.alloc(0);
const awaited = [];

function connect() {
  const [host, port] = HOST.split(':');
  socket = net.connect({ host, port: Number(port), noDelay: true });
  socket.on('data', (data) => {
    input = input.length === 0 ? data : Buffer.concat([input, data]);
    readAnswers();
  });
  socket.on('error', () => process.exit(1));
  socket.on('close', () => process.exit(0));
}

function readAnswers() {
  for (;;) {
    const end = input.indexOf('\r\n\r\n');
    if (end < 0) return;
    const headers = {};
    for (const line of input.toString('utf8', 0, end).split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + 4;
    const length = Number(headers['content-length'] || 0);
    if (input.length < start + length) return;
    const body = input.subarray(start, start + length);
    input = input.subarray(start + length);
    awaited.shift()?.(headers, body);
  }
}

function post(route, body, errorType) {
  const data = Buffer.from(body);
  const kind = errorType ? `Lambda-Runtime-Function-Error-Type: ${errorType.replace(/[^\x20-\x7e]/g, '')}\r\n` : '';
  const head = `POST ${API}${route} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: application/json\r\n${kind}` +
    `Content-Length: ${data.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), data]);
}

/** Sends what must arrive although the process is about to end, and then ends it. */
function lastWords(request, status) {
  socket.ref();
  awaited.length = 0;
  awaited.push(() => process.exit(status));
  socket.write(request);
}

// --- The handler.

const SUBSTITUTE = /^([^.]*)\.(.*)$/;

async function load(root, name) {
  if (name.includes('..')) {
    throw fault('Runtime.MalformedHandlerName',
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(name);
  const [, module, property] = SUBSTITUTE.exec(base) || [];
  if (!module) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  const loaded = await loadModule(root, name.slice(0, -base.length), module);
  const handler = property.split('.').reduce((value, key) => value?.[key], loaded);
  if (handler === undefined) throw fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw fault('Runtime.HandlerNotFound', `${name} is not a function`);
  return handler;
}

async function loadModule(root, directory, module) {
  try {
    return await importFirst(root, directory, module);
  } catch (error) {
    if (error instanceof SyntaxError) throw renamed('Runtime.UserCodeSyntaxError', error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw renamed('Runtime.ImportModuleError', error);
    }
    throw error;
  }
}

function renamed(name, cause) {
  const error = fault(name, String(cause));
  error.stack = `${name}: ${cause.stack}`;
  return error;
}

async function importFirst(root, directory, module) {
  const file = path.resolve(root, directory, module);
  if (fs.existsSync(file) && fs.statSync(file).isFile()) return require(file);
  if (fs.existsSync(`${file}.js`)) {
    return isModule(path.dirname(file)) ? import(`${file}.js`) : require(`${file}.js`);
  }
  if (fs.existsSync(`${file}.mjs`)) return import(`${file}.mjs`);
  if (fs.existsSync(`${file}.cjs`)) return require(`${file}.cjs`);
  // Neither: Node's own search then says what is missing, in the words that Lambda's users know.
  return require(require.resolve(module, { paths: [root, path.join(root, directory)] }));
}

/** Whether the nearest `package.json` says that `.js` files are ES modules. */
function isModule(directory) {
  for (let at = directory; ; at = path.dirname(at)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(at, 'package.json'), 'utf8')).type === 'module';
    } catch {
      if (at === path.dirname(at)) return false;
    }
  }
}

// --- Calls.

let handler;
let call;

/** Answers the call, if it is still the one that runs, and asks for the next. */
function finish(mine, route, body, errorType) {
  if (call !== mine) return;
  call = undefined;
  awaited.push(undefined, begin);
  socket.ref();
  socket.write(Buffer.concat([post(`invocation/${mine.id}/${route}`, body, errorType), GET_NEXT]));
}

function succeed(mine, result) {
  let body;
  try {
    body = JSON.stringify(result === undefined ? null : result);
    if (body === undefined) body = 'null';
  } catch {
    fail(mine, new Error('Unable to stringify response body'));
    return;
  }
  finish(mine, 'response', body);
}

function fail(mine, error) {
  if (call !== mine) return;
  logLine('ERROR', `Invoke Error \t${errorLine(error)}`);
  finish(mine, 'error', JSON.stringify(errorDocument(error)));
}

function contextOf(mine, headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  const done = (error, result) => mine.callback(error, result);
  const context = {
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed('lambda-runtime-client-context'),
    identity: parsed('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: mine.id,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
    succeed: (result) => { mine.waits = false; done(null, result); },
    fail: (error) => { mine.waits = false; done(error === undefined || error === null ? 'handled' : error); },
    done,
  };
  Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
    enumerable: true,
    get: () => mine.waits,
    set: (value) => { mine.waits = Boolean(value); },
  });
  return context;
}

/** Runs the handler for one event. */
function begin(headers, body) {
  requestId = headers['lambda-runtime-aws-request-id'];
  const mine = { id: requestId, waits: true, settle: undefined };
  call = mine;
  if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete process.env._X_AMZN_TRACE_ID;
  socket.unref();
  mine.callback = (error, result) => {
    if (mine.settle) return;
    const settle = () => (error === null || error === undefined ? succeed(mine, result) : fail(mine, error));
    mine.settle = settle;
    if (!mine.waits || (error !== null && error !== undefined)) setImmediate(settle);
  };
  // A fresh turn of the loop: an exception in the handler must not unwind the reader of the socket.
  setImmediate(run, mine, headers, body);
}

function run(mine, headers, body) {
  let result;
  try {
    result = handler(JSON.parse(body.toString('utf8')), contextOf(mine, headers), mine.callback);
  } catch (error) {
    fail(mine, error);
    return;
  }
  if (typeof result?.then === 'function') {
    result.then((value) => succeed(mine, value), (error) => fail(mine, error));
  }
}

// The event loop is empty: a callback that waited for this, or none at all, ends the call.
process.on('beforeExit', () => {
  const mine = call;
  if (mine) (mine.settle || (() => succeed(mine, null)))();
});

process.on('uncaughtException', (error) => {
  logLine('ERROR', `Uncaught Exception \t${errorLine(error)}`);
  lastWords(errorRequest(error), 129);
});

process.on('unhandledRejection', (reason, promise) => {
  const error = fault('Runtime.UnhandledPromiseRejection', String(reason));
  Object.assign(error, { reason, promise });
  logLine('ERROR', `Unhandled Promise Rejection \t${errorLine(error)}`);
  lastWords(errorRequest(error), 128);
});

function errorRequest(error) {
  const route = call ? `invocation/${call.id}/error` : 'init/error';
  call = undefined;
  const document = errorDocument(error);
  return post(route, JSON.stringify(document), document.errorType);
}

/** Waits, in a runtime that was started before there was code, to be told what it is. */
async function awaitAssignment() {
  const told = new Promise((resolve) => awaited.push((_, body) => resolve(body)));
  socket.write(`GET /updraft/assignment HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  // The loader of modules takes its time when first used; here nobody waits for it.
  await import('node:fs');
  Object.assign(process.env, JSON.parse(await told).environment);
  // The directory that was here when this process started lies below the code now.
  process.chdir(process.env.LAMBDA_TASK_ROOT);
}

async function main() {
  patchConsole();
  connect();
  const early = process.env._UPDRAFT_EARLY;
  delete process.env._UPDRAFT_EARLY;
  if (early) await awaitAssignment();
  try {
    handler = await load(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    logLine('ERROR', `Uncaught Exception \t${errorLine(error)}`);
    lastWords(errorRequest(error), 1);
    return;
  }
  awaited.push(begin);
  socket.write(GET_NEXT);
}

main();
