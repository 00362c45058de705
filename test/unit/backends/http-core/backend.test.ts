/** What a core over HTTP does on the wire: what is posted, how much is read, and when it is given up. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChatCall } from "#backends/backend.ts";
import { HttpCore } from "#backends/http-core/backend.ts";
import { openCore } from "#backends/open-core.ts";
import type { CoreTls } from "#backends/polyagent/wire.ts";
import { normalized } from "#chat/normalize.ts";
import { systemClock } from "#core/clock.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { type HttpCoreDouble, startHttpCore } from "../../../support/http-core-double.ts";
import { fixture, serverTls } from "../../../support/tls.ts";

let core: HttpCoreDouble;
let backend: HttpCore;

const responseBytesMax = 10_000;
const { signal } = new AbortController();
const call: ChatCall = { signal, requestId: "request-1", model: "" };
const hello = normalized(create(ChatRequestSchema, { message: "hello" }));

function backendTo(url: string): HttpCore {
  const times = { connectTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
  return new HttpCore({ url, task: "chat", responseBytesMax, connectionsMax: 4, ...times });
}

beforeEach(async () => {
  core = await startHttpCore("Hello there");
  backend = backendTo(core.url);
});

afterEach(async () => {
  await backend[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

async function faultOf(promise: Promise<unknown>) {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (thrown: unknown) => faultFrom(thrown),
  );
}

describe("a chat", () => {
  test("is posted with the request's id, and read whole", async () => {
    const response = await backend.chat(hello, call);
    expect(response).toMatchObject({ response: "Hello there", modelUsed: "double-1" });
    expect(core.received).toMatchObject([
      {
        path: "/v1/chat",
        body: { message: "hello" },
        headers: { "x-request-id": "request-1", "content-type": "application/json" },
      },
    ]);
  });

  test("tells which parameters were left out", async () => {
    const dropped: string[] = [];
    const request = normalized(create(ChatRequestSchema, { message: "x", sampling: { topK: 3 } }));
    await backend.chat(request, { ...call, onDropped: (names) => dropped.push(...names) });
    expect(dropped).toEqual(["top_k"]);
  });

  test("of more bytes than allowed is malformed, and the next one works", async () => {
    const bytesOf = (length: number) => {
      const frame = JSON.stringify({ response: "" }).length;
      return JSON.stringify({ response: "x".repeat(length - frame) });
    };
    core.next.push({ status: 200, bytes: bytesOf(responseBytesMax) });
    core.next.push({ status: 200, bytes: bytesOf(responseBytesMax + 1) });
    expect((await backend.chat(hello, call)).response).toMatch(/^x+$/);
    const error = await faultOf(backend.chat(hello, call));
    expect([reasonOf(error), error.rawMessage]).toEqual([
      "BACKEND_MALFORMED",
      `the core's response has more than ${responseBytesMax} bytes`,
    ]);
    expect((await backend.chat(hello, call)).response).toBe("Hello there");
  });

  test("without end is given up once it is too large", async () => {
    let sent = 0;
    const closed = Promise.withResolvers<void>();
    await using server = createServer((_, response) => {
      const piece = Buffer.alloc(64 * 1024, " ");
      const write = () => {
        sent += piece.length;
        response.write(piece, (error) => (error ? undefined : setImmediate(write)));
      };
      response.once("close", closed.resolve);
      write();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await using endless = backendTo(`http://127.0.0.1:${port}`);
    expect(reasonOf(await faultOf(endless.chat(hello, call)))).toBe("BACKEND_MALFORMED");
    await closed.promise;
    expect(sent).toBeGreaterThan(responseBytesMax);
    server.closeAllConnections();
  });

  test("that breaks off, or is no JSON, is the core's failure", async () => {
    core.next.push("cut", { status: 200, bytes: "<html>" });
    expect(reasonOf(await faultOf(backend.chat(hello, call)))).toBe("BACKEND_LOST");
    expect(reasonOf(await faultOf(backend.chat(hello, call)))).toBe("BACKEND_MALFORMED");
  });

  test("is given up at once with its caller, for the caller's reason", async () => {
    core.reply = "silence";
    const caller = new AbortController();
    const givenUp = core.givenUp();
    const pending = backend.chat(hello, { ...call, signal: caller.signal });
    while (core.received.length === 0) await new Promise(setImmediate);
    const reason = new DOMException("gone", "AbortError");
    caller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await givenUp;
  });

  test("at a port where nobody listens is lost, and neither host nor port is told", async () => {
    await core.down();
    const error = await faultOf(backend.chat(hello, call));
    expect(reasonOf(error)).toBe("BACKEND_LOST");
    expect(error.message).not.toMatch(/127|:\d/);
    await core.up();
  });

  test("as a stream comes in one batch, which leads to an end", async () => {
    const batches = await Array.fromAsync(backend.streamChat(hello, call));
    expect(batches.map((batch) => batch.map(({ event }) => event.case))).toEqual([
      ["start", "partStart", "textDelta", "partStop", "usage", "stop"],
    ]);
  });
});

describe("by TLS", () => {
  const [cert, key, ca] = [serverTls.certFile, serverTls.keyFile, serverTls.caFile].map((file) =>
    readFileSync(file),
  );
  const demands = { cert, key, ca, requestCert: true, rejectUnauthorized: true };
  const trust = { caFile: serverTls.caFile, serverName: "localhost" };
  const own = { certFile: fixture("client.crt"), keyFile: fixture("client.key") };
  const openAt = (url: string, tls: CoreTls, protocol: "http" | "auto" = "http") =>
    openCore({ url, protocol, task: "chat", transport: "http2", tls }, systemClock);

  test.each(["http", "auto"] as const)(
    "a core is trusted by its authority and name, and shown the gateway's certificate (%s)",
    async (protocol) => {
      await using secure = await startHttpCore("Hello in secret", demands);
      await using opened = await openAt(secure.url, { ...trust, ...own }, protocol);
      expect(await opened.check(signal)).toBe(200);
      expect((await opened.chat(hello, call)).response).toBe("Hello in secret");
    },
  );

  test.each<[string, CoreTls]>([
    ["that does not know the gateway", trust],
    ["of an unknown authority", { ...own, serverName: "localhost" }],
    ["with another name", { ...trust, ...own, serverName: "other.example" }],
  ])("a core %s is lost", async (_name, tls) => {
    await using secure = await startHttpCore("Hello in secret", demands);
    await using opened = await openAt(secure.url, tls);
    expect(reasonOf(await faultOf(opened.check(signal)))).toBe("BACKEND_LOST");
    expect(secure.checks).toEqual([]);
  });
});

describe("a health check", () => {
  test("is answered with a status", async () => {
    expect(await backend.check(signal)).toBe(200);
    expect(core.checks).toEqual(["/health"]);
  });

  test("goes on at /healthz where that is the path", async () => {
    core.health = { "/healthz": 200 };
    expect(await backend.check(signal)).toBe(200);
    expect(await backend.check(signal)).toBe(200);
    expect(core.checks).toEqual(["/health", "/healthz", "/healthz"]);
  });

  test.each([401, 404])("that is refused with %i shows that the core is there", async (status) => {
    core.health = { "/health": status };
    expect(await backend.check(signal)).toBe(status);
  });

  test.each([500, 503])("that fails with %i tells so", async (status) => {
    core.health = { "/health": status };
    const error = await faultOf(backend.check(signal));
    expect([reasonOf(error), infoMetadataOf(error).upstream_status, error.rawMessage]).toEqual([
      ...["BACKEND_LOST", String(status)],
      `the core's health check was answered with HTTP status ${status}`,
    ]);
  });
});
