/** What all callers of a process share carries nothing from one of them to another. */

import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ChatRequestSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { HpackDecoder } from "#http2/hpack-decoder.ts";
import { huffmanLength, writeHuffman } from "#http2/huffman.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { transcode } from "#rest/transcode.ts";

const once1 = "made once, from nothing of any call, and not written again";
const perType = "one entry per message type, made from its descriptor alone";
const perText = "a pure function's results by the whole text, bounded in number and length";
const stateless = "used by match, matchAll and replace alone, which begin anew each time";
const positioned = "its position is set before each use; routes are compiled at the start";
const whole = "decodes whole texts, never with `stream`: the test below sends it halves";

/** Everything that lives as long as its module and can change, and why that is harmless. */
const judged: Readonly<Record<string, string>> = {
  "agent/arithmetic.ts lexemePattern": stateless,
  "agent/caller-tools.ts wordPattern": stateless,
  "agent/plan.ts convertPattern": stateless,
  "agent/plan.ts howManyPattern": stateless,
  "agent/plan.ts loosePattern": stateless,
  "agent/plan.ts timePattern": stateless,
  "agent/tools/time-zone.ts zonesByName": once1,
  "backends/llm/vector-json.ts isNumeric": once1,
  "backends/onnx/onnx-metadata.ts pythonEntry": stateless,
  "backends/onnx/ort-message.ts path": stateless,
  "backends/onnx/ort-message.ts sourcePosition": stateless,
  "backends/onnx/worker.ts handled": "the order of messages to one worker; holds no message",
  "backends/onnx/worker.ts sessions": "loaded models by key; a run has tensors of its own",
  "backends/polyagent/grpc-js-wire.ts decoders": perType,
  "config/settle.ts collator": once1,
  "core/buffer-pool.ts loans":
    "who has which view; the views' bytes are overwritten when used again",
  "dialects/client-places.ts places":
    "by part, an object of one call, for as long as that is there",
  "dialects/relay/file-ids.ts idText": stateless,
  "errors/code-name.ts names": once1,
  "exchange/peer-certificate.ts known": "by connection, for as long as that is there",
  "exchange/compression.ts isCompressible": perText,
  "exchange/forwarded.ts nothing": positioned,
  "exchange/forwarded.ts parameter": positioned,
  "entry/entry.ts ids":
    "random bytes, and the id of the last request, which each request overwrites",
  "grpc-client/method.ts decoders": perType,
  "http/compressor.ts compressor": "how many compressions run; each has bytes of its own",
  "core/input-turn.ts inputTurn": "the time of this turn's input",
  "http/turn-queue.ts turnQueue": "connections that have work in this turn",
  "http1/request-facts.ts blanksAround": stateless,
  "http1/response-head.ts knownName": perText,
  "http1/response-head.ts linesByList": "by list, which is a constant, and made from it alone",
  "http1/response-head.ts statusLines": "one line per status",
  "http2/field.ts isSendableMethod": perText,
  "http2/field.ts isSendableName": perText,
  "http2/field.ts isSendablePlace": perText,
  "http2/hpack-decoder.ts scratch": "one string at a time, copied out at its length: tested below",
  "http2/hpack-encoder.ts empty": once1,
  "http2/huffman.ts decoder": once1,
  "interceptors/captured-text.ts dataUri": stateless,
  "interceptors/method-facts.ts known": "one entry per method",
  "json/cursor.ts nonBlank": "its position is set before each use, in texts of any caller",
  "json/leaf.ts scalarLeaves": "one entry per type of number or text",
  "json/type-plan.ts known": perType,
  "observability/access-line.ts clientFact": perText,
  "observability/access-line.ts codeFact": perText,
  "observability/access-line.ts endpointFact": perText,
  "observability/access-line.ts listenerFact": perText,
  "observability/access-line.ts methodFact": perText,
  "observability/access-line.ts principalFact": perText,
  "observability/access-line.ts procedureFact": perText,
  "observability/access-line.ts upstreamFact": perText,
  "observability/access-line.ts versionFact": perText,
  "observability/family.ts aboutCounter": stateless,
  "observability/log-fact.ts controls": stateless,
  "observability/log-fact.ts fieldStart": perText,
  "observability/log-fact.ts lastFact": "the time of day",
  "observability/log-fact.ts lastMs": "the time of day",
  "observability/logger.ts lineEnd": perText,
  "observability/logger.ts lineStart": perText,
  "protobuf/creator.ts makings": perType,
  "protobuf/encoder.ts slabs": "each message has bytes of its own: tested below",
  "protobuf/message-writer.ts writers": perType,
  "protocol/metadata.ts checkedName": perText,
  "protocol/metadata.ts isMetadata": perText,
  "rest/body.ts utf8": whole,
  "rest/field-writer.ts utf8": whole,
  "forms/part-head.ts utf8": whole,
  "core/gathered-bytes.ts nothing": once1,
  "http/media-type.ts mediaTypeFrom": perText,
  "http/media-type.ts parameter": stateless,
  "rest/template.ts identifier": positioned,
  "rest/template.ts literal": positioned,
  "rest/template.ts wildcard": positioned,
  "rest/text-message.ts reader": perType,
  "rpc/base64.ts nothing": once1,
  "surfaces/model-body.ts longBodies": "whose turn it is to read; holds no body",
  "validation/pattern.ts repeated": stateless,
};

const named = String.raw`^(?:export )?const (\w+)(?:[^=\n]|=>)*=\s+`;
/** What may change: variables, instances, buffers, remembering and lazy functions, patterns with a position. */
const changing = [
  /^(?:export )?let (\w+)/gm,
  new RegExp(`${named}new (?!(?:Map|Set|WeakMap|WeakSet|RegExp|Error|DOMException)\\b)`, "gm"),
  new RegExp(String.raw`${named}Buffer\.alloc(?!\(0\))`, "gm"),
  new RegExp(String.raw`${named}(?:memoizeByString|rememberedFact|lazy)\(`, "gm"),
  new RegExp(
    String.raw`${named}/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*[gy][a-z]*;`,
    "gm",
  ),
  new RegExp(String.raw`${named}new RegExp\([^;]*"[a-z]*[gy][a-z]*",?\s*\);`, "gm"),
];
const container = new RegExp(String.raw`${named}(?:new (?:Map|Set|WeakMap|WeakSet)\b|\[)`, "gm");

/** Whether a list or table is written to after it was made. */
function isWritten(name: string, text: string): boolean {
  const writing = String.raw`\b${name}(?:\.(?:set|add|delete|push|pop)\(|\[[^\]]+\] (?:\?\?)?= )`;
  return new RegExp(`${writing}|getOrCreate\\(${name},`).test(text);
}

test("every object that lives as long as its module and can change has been judged", () => {
  const found = globSync("src/**/*.ts").flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const names = changing.flatMap((kind) => [...text.matchAll(kind)].map(([, name]) => name));
    const containers = [...text.matchAll(container)].map(([, name = ""]) => name);
    const written = containers.filter((name) => isWritten(name, text));
    return [...names, ...written].map((name) => `${file.replace("src/", "")} ${name}`);
  });
  expect(new Set(found)).toEqual(new Set(Object.keys(judged)));
});

describe("two callers in turns", () => {
  test("half a character in one's body is not in the other's, in JSON or in a form", async () => {
    const { request } = transcode((router) => {
      router.service(ChatService, { chat: ({ message }) => ({ response: message }) });
    });
    const server = createServer(request).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/chat`;
    const json = (before: string, text: string, after: string) => {
      const bytes = [before, `{"message":"${text}"}`, after].map((part) =>
        Buffer.from(part, "latin1"),
      );
      return fetch(url, { method: "POST", body: Buffer.concat(bytes) });
    };
    const form = (before: string, text: string, after: string) => {
      const body = new FormData();
      const bytes = Buffer.from(before + text + after, "latin1");
      body.set("message", new Blob([bytes]), "message.txt");
      return fetch(url, { method: "POST", body });
    };
    for (const send of [json, form]) {
      expect((await send("", "a", "\xf0\x9f\x98")).status).toBe(400);
      // With what the first one ended with this would begin with a character.
      expect((await send("\x80", "b", "")).status).toBe(400);
      expect((await send("", "a", "\xf0\x9f\x98")).status).toBe(400);
      expect(await (await send("", "b", "")).json()).toMatchObject({ response: "b" });
    }
    server.close();
    server.closeAllConnections();
  });

  test("a message that fails half-way leaves nothing in the next one, and none moves another", () => {
    const encode = encoderOf(ChatRequestSchema);
    const plain = (message: string) => create(ChatRequestSchema, { message });
    const first = encode(plain("the first one's"), 5);
    const kept = Buffer.from(first);
    // Its text is written before its number, which is no whole one.
    const broken = { ...plain("a secret of the second"), maxTokens: 1.5 };
    expect(() => encode(broken, 5)).toThrow();
    const third = encode(plain("x"), 5);
    expect(third.subarray(5)).toEqual(Buffer.from(toBinary(ChatRequestSchema, plain("x"))));
    expect(first.subarray(5)).toEqual(kept.subarray(5));
    for (const length of [10, 5_000, 100_000]) {
      const [one, other] = ["a", "b"].map((letter) => encode(plain(letter.repeat(length)), 0));
      expect(one).toEqual(Buffer.from(toBinary(ChatRequestSchema, plain("a".repeat(length)))));
      expect(other).toEqual(Buffer.from(toBinary(ChatRequestSchema, plain("b".repeat(length)))));
    }
  });

  test("a field of one connection is not read by the decoder of another", () => {
    const limits = { listBytesMax: 100_000, fieldsMax: 100 };
    const [one, other] = [new HpackDecoder(limits), new HpackDecoder(limits)];
    /** A field that enters no table, its name and value in Huffman code. */
    const block = (name: string, value: string, cut = 0) => {
      const string = (text: string) => {
        const length = huffmanLength(text);
        const bytes = Buffer.alloc(length);
        writeHuffman(text, bytes, 0);
        // In seven bits and another byte, for lengths from 127 on.
        const head = length < 127 ? [0x80 | length] : [0xff, length - 127];
        return Buffer.concat([Buffer.from(head), bytes]);
      };
      const whole = Buffer.concat([Buffer.from([0]), string(name), string(value)]);
      return whole.subarray(0, whole.length - cut);
    };
    const read = (decoder: HpackDecoder, bytes: Buffer) => {
      const fields = new FieldBuffer();
      const outcome = decoder.decode(bytes, 0, bytes.length, fields);
      return [outcome, ...fields.from(0).map(({ name, value }) => `${name}: ${value}`)];
    };
    const secret = "a-secret-of-the-first-connection-0123456789";
    expect(read(one, block("x-secret", secret))).toEqual(["ok", `x-secret: ${secret}`]);
    expect(read(other, block("a", "b"))).toEqual(["ok", "a: b"]);
    expect(read(one, block("x-secret", secret, 4))).toEqual(["broken"]);
    expect(read(other, block("abc", ""))).toEqual(["ok", "abc: "]);
  });
});
