/**
 * Bodies that cost the most within 10 MB: CPU of each, and the longest time that the thread goes on
 * without a look at anything else: `node -C source --expose-gc bench/bodies.ts`. Times are the
 * thread's own, so that neighbours do not count.
 */

import { createContextValues } from "@connectrpc/connect";
import { systemClock } from "#core/clock.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { methodExtras } from "#method-extras.ts";
import { createRest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { ruleLimits } from "#validation/field-limits.ts";
import { MemoryExchange } from "../test/support/memory-exchange.ts";

const bytesMax = 10_000_000;
const json = "application/json";
const form = "application/x-www-form-urlencoded";
const parts = "multipart/form-data; boundary=b";

/** As many times `unit` as there is room for. */
function filled(open: string, unit: string, close: string, timesMax = Number.POSITIVE_INFINITY) {
  const room = bytesMax - Buffer.byteLength(open + close);
  return open + unit.repeat(Math.min(timesMax, Math.floor(room / Buffer.byteLength(unit)))) + close;
}

function members(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join()}}`;
}

const head = (name: string) => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n`;

const bodies: readonly (readonly [name: string, type: string, body: string, target?: string])[] = [
  ["10 M brackets", json, "[".repeat(bytesMax)],
  ["3.3 M empty messages", json, filled('{"messages":[', "{},", "{}]}")],
  ["700,000 unknown names", json, members(700_000)],
  ["99,000 unknown names", json, members(99_000)],
  ["99,000 unknown lists", json, filled('{"x":[', "[],", "[]]}", 98_000)],
  ["1.5 M numbers", json, filled('{"inputs":[{"data":[', "1,", "1]}]}", 1_500_000), "/predict/m"],
  [
    "10 MB of floats",
    json,
    filled('{"inputs":[{"data":[', "0.1428571492433548,", "1]}]}"),
    "/predict/m",
  ],
  [
    "1.5 M numbers as texts",
    json,
    filled('{"inputs":[{"data":[', '"1",', "1]}]}", 1_500_000),
    "/predict/m",
  ],
  ["5 M shapes", json, filled('{"inputs":[{"shape":[', "1,", "1]}]}"), "/predict/m"],
  ["10 MB of base64", json, filled('{"file":"', "QUFB", '"}'), "/predict/m"],
  ["10 MB of base64 in lines", json, filled('{"file":"', "Q\\nU\\nF\\nB\\n", '"}'), "/predict/m"],
  ["10 MB of text", json, filled('{"message":"', "x", '"}')],
  ["10 MB of é", json, filled('{"message":"', "é", '"}')],
  ["10 MB of escaped quotes", json, filled('{"message":"', '\\"', '"}')],
  ["10 MB of escapes", json, filled('{"message":"', "\\u0041", '"}')],
  ["10 MB of blanks", json, filled("{", " ", "}")],
  ["10 M digits", json, filled('{"max_tokens":', "1", "}")],
  ["99,000 texts", json, filled('{"tools":[', '"",', '""]}', 99_000)],
  ["form: plus signs", form, filled("message=", "+", "")],
  ["form: escapes", form, filled("message=", "%41", "")],
  ["form: long escapes", form, filled("message=", "%F0%9D%84%9E", "")],
  ["form: ampersands", form, filled("", "&", "")],
  ["form: pairs", form, filled("", "message=a&", "")],
  ["form: 999 texts", form, filled("", `context.x=${"a".repeat(10_000)}&`, "", 999)],
  ["multipart: parts", parts, filled("", `${head("a")}\r\n`, "--b--"), "/predict/m"],
  ["multipart: boundaries", parts, filled("", "--b\r\n", "--b--"), "/predict/m"],
  ["multipart: a head", parts, filled("--b\r\n", "a: b\r\n", "\r\n\r\n--b--"), "/predict/m"],
  [
    "multipart: a file",
    parts,
    filled(head("file").replace(/\r\n\r\n$/, '; filename="a"\r\n\r\n'), "\r\n--a", "\r\n--b--"),
    "/predict/m",
  ],
  ["multipart: base64", parts, filled(head("file"), "QUFB", "\r\n--b--"), "/predict/m"],
];

const rest = createRest(
  createCallPath((router) => {
    router.service(ChatService, { chat: () => ({}) });
    router.service(PredictService, { predict: () => ({}) });
  }, []),
  {
    bodyBytesMax: 2 * bytesMax,
    clock: systemClock,
    limitsOf: ruleLimits,
    extrasOf: methodExtras,
    json: { ignoreUnknownFields: true },
  },
);

/** CPU of this thread, in milliseconds. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Pieces of a body as a socket brings them. */
function piecesOf(body: string): Uint8Array[] {
  const bytes = Buffer.from(body);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 65_536) pieces.push(bytes.subarray(at, at + 65_536));
  return pieces;
}

async function nextLook(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Sends a body, and tells what it cost. */
async function measure(type: string, target: string, body: string) {
  const exchange = new MemoryExchange({
    method: "POST",
    target,
    headers: { "content-type": type },
    chunks: piecesOf(body),
  });
  const match = rest.match("POST", target);
  if (match === undefined) throw new Error(target);
  globalThis.gc?.();
  await nextLook();
  let last = cpuMs();
  const first = last;
  let longestMs = 0;
  let isDone = false;
  const look = () => {
    longestMs = Math.max(longestMs, cpuMs() - last);
    last = cpuMs();
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  await rest.serve(exchange, match, { requestId: "bench", values: createContextValues() });
  const totalMs = cpuMs() - first;
  await nextLook();
  isDone = true;
  const outcome = exchange.status === 200 ? "" : JSON.parse(exchange.text).error.message;
  return { totalMs, longestMs, status: exchange.status, outcome };
}

// What the first error and the first message load is not a body's.
await measure(json, "/api/v1/chat", "[");
await measure(form, "/api/v1/chat", "message=a");
for (const [name, type, body, target = "/api/v1/chat"] of bodies) {
  const { totalMs, longestMs, status, outcome } = await measure(type, target, body);
  console.log(
    `${name.padEnd(26)} ${totalMs.toFixed(1).padStart(6)} ms, at a time ${longestMs.toFixed(1).padStart(5)} ms  ${status} ${outcome.slice(0, 70)}`,
  );
}
