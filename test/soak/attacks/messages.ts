/** Messages of few bytes that make many elements, or much work, once they are decoded. */

import type { Attack } from "../attack.ts";
import { type Call, Http1Caller, repeatCalls } from "../http1-calls.ts";
import { brotli, delimited, filledWith, nearlyAllBytes, repeated, varint } from "../payloads.ts";
import type { Target } from "../target.ts";

/** Calls that are under way at one time. */
const places = 4;
const chatPath = "/polygate.v1.ChatService/Chat";
const predictPath = "/polygate.v1.PredictService/Predict";

/** Numbers of the fields. */
const chat = { message: 1, messages: 6, tools: 10 } as const;
const predict = { model: 1, inputs: 4 } as const;

function plainCall(path: string, type: string, body: Uint8Array): Call {
  return { path, headers: { "content-type": type }, body };
}

/** A unary call of Connect whose body is compressed. */
function compressed(path: string, type: "proto" | "json", body: Uint8Array | string): Call {
  const headers = { "content-type": `application/${type}`, "content-encoding": "br" };
  return { path, headers, body: brotli(Buffer.from(body)) };
}

/** Empty entries of a repeated message, as many as fit. */
const empty = (number: number) => filledWith(Buffer.of(number * 8 + 2, 0));
const jsonList = (field: string, item: string) =>
  `{"${field}":[${filledWith(`${item},`).toString()}${item}]}`;

const group = (number: number) => Buffer.concat([varint(number * 8 + 3), varint(number * 8 + 4)]);

/** One field within the one entry of a repeated message. */
const inEntry = (entry: number, field: number, content: Uint8Array) =>
  delimited(entry, delimited(field, content));

/** Keys that V8 takes for array indices, equal in their last bits: neighbours in no table. */
function integerKeys(): string {
  const keys = [];
  for (let row = 0; row < 4000; row += 1) {
    for (let step = 0; step < 150; step += 1) keys.push(`"${row + step * 65_536}":0`);
  }
  return `{${keys.join(",")}}`;
}

function manyKeys(count: number): string {
  return `{${Array.from({ length: count }, (_, index) => `"k${index}":0`).join(",")}}`;
}

/** Repeats one call. */
function repeats(name: string, about: string, ...calls: readonly (() => Call)[]): Attack {
  return {
    name,
    about,
    run: (target) =>
      repeatCalls(
        target,
        places,
        calls.map((make) => make()),
      ),
  };
}

/** Some characters of several bytes each, and none of whose parts is a whole one. */
const hugeEcho = `echo ${"\u{2A6D6}".repeat(200_000)}`;

/** Whether a call that allows a second, and needs more, ends in time. */
async function lateEcho(target: Target): Promise<string | undefined> {
  using caller = new Http1Caller(target);
  const body = delimited(chat.message, `echo ${"\u{2A6D6}".repeat(32_000)}`);
  const headers = { "content-type": "application/proto", "connect-timeout-ms": "1000" };
  while (!target.isOver) {
    const sentMs = performance.now();
    const response = await caller.call({ path: chatPath, headers, body });
    const tookMs = performance.now() - sentMs;
    if (tookMs > 2000) return `a deadline of 1 s: ${response?.status} after ${tookMs | 0} ms`;
  }
  return undefined;
}

/** Whether the text of one caller begins with what was left over from another's. */
async function foreignText(target: Target): Promise<string | undefined> {
  using caller = new Http1Caller(target);
  const chatOf = async (body: object) => {
    const json = Buffer.from(JSON.stringify(body));
    const response = await caller.call(plainCall("/api/v1/chat", "application/json", json));
    return response?.status === 200 ? String(JSON.parse(response.text).response) : undefined;
  };
  for (let round = 0; round < 20 && !target.isOver; round += 1) {
    await chatOf({ message: "echo 😀", max_tokens: 1 });
    const text = await chatOf({ message: "echo 😀😀x" });
    if (text !== undefined && text !== "😀😀x") {
      return `another caller's bytes: ${JSON.stringify(text)}`;
    }
  }
  return undefined;
}

/** Attacks by what single messages hold. */
export const messages: readonly Attack[] = [
  repeats("huge-echo", "a chat that echoes 200,000 rare characters, 32 bytes compressed", () =>
    compressed(chatPath, "proto", delimited(chat.message, hugeEcho)),
  ),
  {
    name: "late-echo",
    about: "an echo of 32,000 rare characters within a deadline of 1 s",
    run: lateEcho,
  },
  {
    name: "foreign-text",
    about: "an echo that is cut within a character, then one of somebody else",
    run: foreignText,
  },
  repeats("elements-messages", "protobuf: 5 million empty messages of a chat, compressed", () =>
    compressed(chatPath, "proto", empty(chat.messages)),
  ),
  repeats("elements-plain", "the same as 10 MB", () =>
    plainCall(chatPath, "application/proto", empty(chat.messages)),
  ),
  repeats("elements-images", "protobuf: 5 million empty images of one message", () =>
    compressed(chatPath, "proto", delimited(chat.messages, empty(5))),
  ),
  repeats("elements-inputs", "protobuf: 5 million empty tensors", () =>
    compressed(
      predictPath,
      "proto",
      Buffer.concat([delimited(predict.model, "digits"), empty(predict.inputs)]),
    ),
  ),
  repeats("elements-json", "Connect JSON: 3 million empty messages of a chat, compressed", () =>
    compressed(chatPath, "json", jsonList("messages", "{}")),
  ),
  repeats(
    "elements-rest",
    "REST: 3 million empty messages, 3 million tensors",
    () => plainCall("/api/v1/chat", "application/json", Buffer.from(jsonList("messages", "{}"))),
    () => plainCall("/predict/digits", "application/json", Buffer.from(jsonList("inputs", "{}"))),
  ),
  repeats("unknown-fields", "protobuf: 3.3 million unknown fields", () =>
    compressed(chatPath, "proto", filledWith(Buffer.concat([varint(100 * 8), varint(1)]))),
  ),
  repeats(
    "unknown-groups",
    "protobuf: millions of unknown groups, side by side and nested",
    () => compressed(chatPath, "proto", filledWith(group(100))),
    () => compressed(chatPath, "proto", filledWith(varint(100 * 8 + 3))),
  ),
  repeats(
    "deep-json",
    "JSON: ten million opening brackets",
    () => compressed(chatPath, "json", filledWith("[")),
    () => compressed(chatPath, "json", filledWith('{"a":')),
    () => plainCall("/api/v1/chat", "application/json", filledWith("[")),
  ),
  repeats("packed-shape", "protobuf: a packed list of 9.9 million numbers", () =>
    compressed(predictPath, "proto", inEntry(predict.inputs, 3, filledWith(Buffer.of(1)))),
  ),
  repeats(
    "long-texts",
    "protobuf: tool names, media types, roles and ids of 9.9 MB",
    () => compressed(chatPath, "proto", inEntry(chat.tools, 1, filledWith("a"))),
    () => compressed(chatPath, "proto", delimited(chat.messages, inEntry(5, 2, filledWith("a")))),
    () => compressed(chatPath, "proto", inEntry(chat.messages, 1, filledWith("a"))),
    () => compressed(chatPath, "proto", delimited(9, filledWith("é"))),
  ),
  repeats(
    "unknown-keys",
    "JSON: 700,000 unknown keys",
    () => compressed(chatPath, "json", manyKeys(700_000)),
    () => plainCall("/api/v1/chat", "application/json", Buffer.from(manyKeys(700_000))),
  ),
  repeats(
    "integer-keys",
    "JSON: 600,000 keys that are numbers and agree in their last bits",
    () => compressed(chatPath, "json", integerKeys()),
    () => plainCall("/api/v1/chat", "application/json", Buffer.from(integerKeys())),
  ),
  repeats(
    "escapes",
    "JSON: a text of 1.6 million escapes; numbers of a million digits",
    () => compressed(chatPath, "json", `{"message":"${filledWith("\\u4e2d").toString()}"}`),
    () => compressed(chatPath, "json", `{"temperature":${filledWith("1").toString()}}`),
  ),
  repeats("repeated-text", "protobuf: one field again and again, millions of times", () =>
    compressed(chatPath, "proto", repeated(delimited(chat.message, "a"), nearlyAllBytes / 3)),
  ),
];
