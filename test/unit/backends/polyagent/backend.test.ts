/** What a core over gRPC has beyond the contract: a wire, sizes, health, a connection that comes back. */

import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { createPolyagentBackend, type PolyagentOptions } from "#backends/polyagent/backend.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Health, HealthCheckResponse_ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { ChatRequestSchema, CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import { startCoreServer, startRoutes } from "../../../support/core-server.ts";
import { fixture, serverTls } from "../../../support/tls.ts";

const agent = createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });
const { signal } = new AbortController();

function asked(content: string) {
  return create(ChatRequestSchema, { messages: [{ role: "user", content }] });
}

async function faultOf(promise: Promise<unknown>): Promise<ConnectError> {
  return await promise.then(
    () => expect.unreachable("it should have failed"),
    (error: unknown) => faultFrom(error),
  );
}

describe.each(["http2", "grpc-js"] as const)("over %s", (transport) => {
  function backendTo(url: string, messageBytesMax = 1 << 20) {
    return createPolyagentBackend({ url, transport, messageBytesMax, keepaliveMs: 30_000 });
  }

  test("the request id travels as x-request-id, on unary calls and streams", async () => {
    await using server = await startCoreServer(agent);
    await using backend = await backendTo(server.url);
    await backend.chat(asked("hi"), { signal, requestId: "one" });
    await Array.fromAsync(backend.streamChat(asked("hi"), { signal, requestId: "two" }));
    await backend.check(signal);
    expect(server.requestIds).toEqual(["one", "two"]);
  });

  test("the deadline travels to the core", async () => {
    const deadline = Promise.withResolvers<number | undefined>();
    await using server = await startRoutes((router) =>
      router.service(CoreService, {
        chat: (_, context) => {
          deadline.resolve(context.timeoutMs());
          return new Promise(() => undefined);
        },
      }),
    );
    await using backend = await backendTo(server.url);
    const call = { signal: AbortSignal.timeout(300), requestId: "", timeoutMs: 300 };
    const error = await faultOf(backend.chat(asked("hi"), call));
    expect(reasonOf(error)).toBe("DEADLINE_EXCEEDED");
    expect(await deadline.promise).toBeGreaterThan(0);
    expect(await deadline.promise).toBeLessThanOrEqual(300);
  });

  test("a request beyond the limit is refused before it is sent, and the next one works", async () => {
    await using server = await startCoreServer(agent);
    await using backend = await backendTo(server.url, 1000);
    const call = { signal, requestId: "small" };
    const error = await faultOf(backend.chat(asked("x".repeat(2000)), call));
    expect(reasonOf(error)).toBe("BODY_TOO_LARGE");
    expect(error.rawMessage).toMatch(/^the request is \d+ bytes for the core, the limit is 1000$/);
    expect(server.requestIds).toEqual([]);
    expect((await backend.chat(asked("echo x"), call)).content).toBe("x");
  });

  test("an answer beyond the limit is the core's failure, and the next call works", async () => {
    await using server = await startCoreServer(agent);
    await using backend = await backendTo(server.url, 1000);
    const call = { signal, requestId: "" };
    expect(reasonOf(await faultOf(backend.chat(asked("count to 999"), call)))).toBe(
      "BACKEND_FAILED",
    );
    expect((await backend.chat(asked("echo x"), call)).content).toBe("x");
  });

  describe("health", () => {
    const NOT_SERVING = HealthCheckResponse_ServingStatus.NOT_SERVING;

    test("a core that says NOT_SERVING is lost", async () => {
      await using server = await startRoutes((router) =>
        router.service(Health, { check: () => ({ status: NOT_SERVING }) }),
      );
      await using backend = await backendTo(server.url);
      expect(reasonOf(await faultOf(backend.check(signal)))).toBe("BACKEND_LOST");
    });

    test("a core without the health service is alive", async () => {
      await using server = await startRoutes((router) => router.service(CoreService, {}));
      await using backend = await backendTo(server.url);
      await expect(backend.check(signal)).resolves.toBeUndefined();
    });

    test("a port where nobody listens is lost, and neither host nor port is told", async () => {
      const server = await startCoreServer(agent);
      const { url, port } = server;
      await server[Symbol.asyncDispose]();
      await using backend = await backendTo(url);
      const error = await faultOf(backend.check(signal));
      expect(reasonOf(error)).toBe("BACKEND_LOST");
      expect(error.code).toBe(Code.Unavailable);
      expect(error.message).not.toMatch(new RegExp(`127|${port}`));
    });
  });

  describe("by TLS", () => {
    const certificates = {
      cert: readFileSync(serverTls.certFile),
      key: readFileSync(serverTls.keyFile),
    };
    const trust = { caFile: serverTls.caFile, serverName: "localhost" };
    const own = { certFile: fixture("client.crt"), keyFile: fixture("client.key") };

    function backendBy(url: string, tls: PolyagentOptions["tls"]) {
      const options = { url, transport, messageBytesMax: 1 << 20, keepaliveMs: 30_000 };
      return createPolyagentBackend({ ...options, ...(tls && { tls }) });
    }

    test("a core is trusted by its authority and name", async () => {
      await using server = await startCoreServer(agent, 0, certificates);
      await using backend = await backendBy(server.url, trust);
      const answer = await backend.chat(asked("echo x"), { signal, requestId: "" });
      expect(answer.content).toBe("x");
    });

    test("a core that asks for the gateway's certificate gets it", async () => {
      const ca = readFileSync(serverTls.caFile);
      const demands = { ...certificates, ca, requestCert: true, rejectUnauthorized: true };
      await using server = await startCoreServer(agent, 0, demands);
      await using backend = await backendBy(server.url, { ...trust, ...own });
      await expect(backend.check(signal)).resolves.toBeUndefined();
      await using stranger = await backendBy(server.url, trust);
      expect(reasonOf(await faultOf(stranger.check(signal)))).toBe("BACKEND_LOST");
    });

    const strangers = [
      { name: "of an unknown authority", tls: undefined },
      { name: "with another name", tls: { ...trust, serverName: "other.example" } },
    ] as const;
    test.each(strangers)("a core $name is lost", async ({ tls }) => {
      await using server = await startCoreServer(agent, 0, certificates);
      await using backend = await backendBy(server.url, tls);
      expect(reasonOf(await faultOf(backend.check(signal)))).toBe("BACKEND_LOST");
    });
  });

  test("a core that stops loses its calls, and is found again when it is back on its port", async () => {
    const first = await startCoreServer({ ...agent, chat: () => new Promise(() => undefined) });
    await using backend = await backendTo(first.url);
    await backend.check(signal);
    const lost = faultOf(backend.chat(asked("hi"), { signal, requestId: "begun" }));
    await expect.poll(() => first.requestIds).toEqual(["begun"]);
    await first[Symbol.asyncDispose]();
    expect(reasonOf(await lost)).toBe("BACKEND_LOST");

    await using second = await startCoreServer(agent, first.port);
    await expect
      .poll(() => backend.check(signal).then(() => "alive"), { timeout: 10_000 })
      .toBe("alive");
    expect(second.port).toBe(first.port);
  });
});

test("a url that is no address is refused without being repeated", async () => {
  await expect(
    createPolyagentBackend({
      url: "http://user:secret@core:1",
      transport: "http2",
      messageBytesMax: 1,
      keepaliveMs: 1,
    }),
  ).rejects.toThrow(new TypeError("a core's url is like http://host:port"));
});
