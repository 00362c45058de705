/** Which responses are compressed, and what their headers say of it. */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { Compression, defaultCompression } from "#exchange/compression.ts";
import type { HeaderList } from "#exchange/exchange.ts";
import { FixedBody } from "#exchange/fixed-body.ts";
import { Compressor } from "#http/compressor.ts";
import { contentCodings } from "#http/content-coding.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const compression = new Compression(defaultCompression);
const text = "what is sent again and again. ".repeat(40);
const json: HeaderList = [["content-type", "application/json"]];
const decode = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };

interface Sent {
  readonly accept?: string;
  readonly method?: string;
  readonly status?: number;
  readonly headers?: HeaderList;
  readonly body?: string | Uint8Array | FixedBody;
  readonly by?: Compression;
}

async function sent({ accept, method = "GET", status = 200, headers = json, ...rest }: Sent) {
  const { body = text, by = compression } = rest;
  const exchange = new MemoryExchange({
    method,
    target: "/",
    headers: accept === undefined ? {} : { "accept-encoding": accept },
  });
  await by.respond(exchange, status, headers, body);
  return { exchange, fields: Object.fromEntries(exchange.answerHeaders) };
}

describe.each(contentCodings)("%s", (coding) => {
  test.each([
    ["a text", text],
    ["bytes", Buffer.from(text)],
    ["a body that never changes", new FixedBody(text)],
    ["a large text", text.repeat(100)],
  ])("%s is sent in the coding that the client wants", async (_, body) => {
    const { exchange, fields } = await sent({ accept: coding, body });
    expect(fields).toEqual({
      "content-type": "application/json",
      "content-encoding": coding,
      vary: "accept-encoding",
    });
    const plain = body instanceof FixedBody ? body.bytes : Buffer.from(body);
    expect(decode[coding](exchange.bytes).equals(plain)).toBe(true);
  });
});

test.each([
  { name: "a client that asks for nothing" },
  { name: "a client that speaks other codings", accept: "deflate, compress" },
  { name: "a client that refuses it", accept: "gzip;q=0" },
  { name: "a response to HEAD", accept: "gzip", method: "HEAD" },
  { name: "a part of a body", accept: "gzip", status: 206 },
])("$name gets identity, and caches learn that others may not", async (row) => {
  const { exchange, fields } = await sent(row);
  expect(fields).toEqual({ "content-type": "application/json", vary: "accept-encoding" });
  expect(exchange.text).toBe(text);
});

test.each([
  { name: "a small body", body: text.slice(0, 1023) },
  { name: "an image", headers: [["content-type", "image/png"]] as const },
  { name: "an archive", headers: [["content-type", "application/zip"]] as const },
  {
    name: "bytes of an unknown kind",
    headers: [["content-type", "application/octet-stream"]] as const,
  },
  { name: "bytes of no kind", headers: [] },
  { name: "events", headers: [["content-type", "text/event-stream; charset=utf-8"]] as const },
  { name: "what has a coding", headers: [...json, ["content-encoding", "gzip"]] as const },
  {
    name: "what may not be changed",
    headers: [...json, ["cache-control", "private, no-transform"]] as const,
  },
  {
    name: "anything, when there are no codings",
    by: new Compression({ bytesMin: 1, codings: [] }),
  },
])("$name is sent as it is", async ({ name: _, ...row }) => {
  const { exchange } = await sent({ accept: "gzip, br, zstd", ...row });
  expect(exchange.answerHeaders).toEqual(row.headers ?? json);
  expect(exchange.text).toBe(row.body ?? text);
});

test.each([
  ["text/html; charset=utf-8", true],
  ["Application/JSON", true],
  ["application/problem+json", true],
  ["image/svg+xml", true],
  ["application/x-ndjson", true],
  ["application/openmetrics-text; version=1.0.0", true],
  ["image/jpeg", false],
  ["video/mp4", false],
  ["application/pdf", false],
  ["text/event-stream", false],
])("%s is worth compressing: %s", async (contentType, worth) => {
  const { fields } = await sent({ accept: "gzip", headers: [["content-type", contentType]] });
  expect(fields["content-encoding"]).toBe(worth ? "gzip" : undefined);
});

test("the smallest body that is compressed counts in bytes, not characters", async () => {
  const { fields } = await sent({ accept: "gzip", body: "é".repeat(512) });
  expect(fields["content-encoding"]).toBe("gzip");
  const { exchange } = await sent({ accept: "gzip", body: "é".repeat(511) });
  expect(exchange.answerHeaders).toEqual(json);
});

test("a client that refuses identity gets its coding for a small body, too", async () => {
  const { exchange, fields } = await sent({ accept: "gzip, identity;q=0", body: "{}" });
  expect(fields["content-encoding"]).toBe("gzip");
  expect(gunzipSync(exchange.bytes).toString()).toBe("{}");
});

test("a strong tag becomes weak, and ranges are no longer offered", async () => {
  const { fields } = await sent({
    accept: "gzip",
    headers: [...json, ["etag", '"1"'], ["accept-ranges", "bytes"]],
  });
  expect(fields.etag).toBe('W/"1"');
  expect(fields["accept-ranges"]).toBeUndefined();
  const weak = await sent({ accept: "gzip", headers: [...json, ["etag", 'W/"1"']] });
  expect(weak.fields.etag).toBe('W/"1"');
  const plain = await sent({ headers: [...json, ["etag", '"1"'], ["accept-ranges", "bytes"]] });
  expect(plain.fields).toMatchObject({ etag: '"1"', "accept-ranges": "bytes" });
});

test("what cannot be compressed now is sent as it is", async () => {
  const busy = new Compression(defaultCompression, new Compressor(0));
  const body = text.repeat(100);
  const { exchange, fields } = await sent({
    accept: "gzip",
    body,
    by: busy,
    headers: [...json, ["etag", '"1"']],
  });
  expect(fields).toEqual({
    "content-type": "application/json",
    etag: '"1"',
    vary: "accept-encoding",
  });
  expect(exchange.text).toBe(body);
});

test("a client that leaves ends the compression of its response", async () => {
  const own = new Compressor(1);
  const exchange = new MemoryExchange({
    method: "GET",
    target: "/",
    headers: { "accept-encoding": "br" },
    leaves: true,
  });
  const body = text.repeat(10_000);
  const sending = new Compression(defaultCompression, own).respond(exchange, 200, json, body);
  expect(own.running).toBe(1);
  await exchange.body(1).catch(() => {});
  await sending;
  expect(own.running).toBe(0);
  expect(exchange.answerHeaders, "nothing coded was sent").not.toContainEqual([
    "content-encoding",
    "br",
  ]);
});

test("a body that never changes is compressed once per coding", async () => {
  const body = new FixedBody(text);
  const pieces = await Promise.all(
    ["gzip", "gzip", "br"].map(async (accept) => (await sent({ accept, body })).exchange.pieces[0]),
  );
  expect(pieces[0]).toBe(pieces[1]);
  expect(pieces[2]).not.toBe(pieces[0]);
  expect((await sent({ body })).exchange.pieces[0], "nor copied").toBe(body.bytes);
});

test.each([
  ["identity;q=0", true],
  ["*;q=0", true],
  ["deflate, identity;q=0", true],
  ["identity;q=0, br", false],
  ["deflate", false],
  [undefined, false],
])("of %s everything is refused: %s", (accept, refused) => {
  const exchange = { header: () => accept };
  let reason: string | undefined;
  try {
    compression.requireAcceptable(exchange);
  } catch (thrown) {
    reason = reasonOf(thrown as never);
  }
  expect(reason).toBe(refused ? "NOT_ACCEPTABLE" : undefined);
});
