/** Connect's clients over our transport: errors, metadata and interceptors as over Connect's own. */

import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { Code, ConnectError, type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { createGrpcTransport, type GrpcTransportOptions } from "#grpc-client/connect-transport.ts";
import { EchoStatusSchema, TestService } from "../../gen/grpc/testing/test_pb.js";

async function clientOf(
  routes: (router: ConnectRouter) => void,
  options: GrpcTransportOptions = {},
) {
  await using opening = new AsyncDisposableStack();
  const server = createServer(connectNodeAdapter({ routes }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  opening.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const address = { host: "127.0.0.1", port, messageBytesMax: 1 << 20 };
  const channel = opening.use(new GrpcChannel(address, systemClock, seededRng(1)));
  const owned = opening.move();
  return {
    client: createClient(TestService, createGrpcTransport(channel, options)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("an error has its code, words, details and metadata", async () => {
  await using setting = await clientOf((router) =>
    router.service(TestService, {
      emptyCall() {
        const error = new ConnectError("☺ 100%", Code.Aborted, { "x-tail": "t" });
        error.details.push({ desc: EchoStatusSchema, value: { code: 7, message: "why" } });
        throw error;
      },
    }),
  );
  const error = await setting.client.emptyCall({}).then(
    () => expect.unreachable(),
    (thrown: unknown) => ConnectError.from(thrown),
  );
  expect([error.code, error.rawMessage]).toEqual([Code.Aborted, "☺ 100%"]);
  expect(error.metadata.get("x-tail")).toBe("t");
  expect(error.findDetails(EchoStatusSchema)).toMatchObject([{ code: 7, message: "why" }]);
});

test("metadata is seen on both sides, ahead of messages and behind them", async () => {
  await using setting = await clientOf((router) =>
    router.service(TestService, {
      emptyCall: (_, context) => {
        context.responseHeader.set("x-echo", context.requestHeader.get("x-asked") ?? "");
        context.responseTrailer.set("x-tail-bin", "AAE");
        return {};
      },
      async *streamingOutputCall(_, context) {
        context.responseTrailer.set("x-tail", "t");
        yield {};
      },
    }),
  );
  const seen: Record<string, string | null> = {};
  await setting.client.emptyCall(
    {},
    {
      headers: { "x-asked": "yes" },
      onHeader: (header) => Object.assign(seen, { head: header.get("x-echo") }),
      onTrailer: (trailer) => Object.assign(seen, { tail: trailer.get("x-tail-bin") }),
    },
  );
  const stream = setting.client.streamingOutputCall(
    {},
    { onTrailer: (trailer) => Object.assign(seen, { streamTail: trailer.get("x-tail") }) },
  );
  expect(await Array.fromAsync(stream)).toHaveLength(1);
  expect(seen).toEqual({ head: "yes", tail: "AAE", streamTail: "t" });
});

test("interceptors stand around every call", async () => {
  const calls: string[] = [];
  await using setting = await clientOf(
    (router) =>
      router.service(TestService, {
        emptyCall: () => ({}),
        async *fullDuplexCall(requests) {
          for await (const { payload } of requests) yield payload === undefined ? {} : { payload };
        },
      }),
    {
      interceptors: [
        (next) => (request) => {
          calls.push(request.url);
          return next(request);
        },
      ],
    },
  );
  await setting.client.emptyCall({});
  async function* requests() {
    yield { payload: { body: new Uint8Array(3) } };
  }
  const [answer] = await Array.fromAsync(setting.client.fullDuplexCall(requests()));
  expect(answer?.payload?.body).toHaveLength(3);
  expect(calls).toEqual([
    "/grpc.testing.TestService/EmptyCall",
    "/grpc.testing.TestService/FullDuplexCall",
  ]);
});

test("what the requests throw breaks the call off and is thrown to the reader", async () => {
  const aborted = Promise.withResolvers<void>();
  await using setting = await clientOf((router) =>
    router.service(TestService, {
      async *fullDuplexCall(requests, context) {
        context.signal.addEventListener("abort", () => aborted.resolve());
        for await (const _ of requests) yield {};
      },
    }),
  );
  async function* requests() {
    yield {};
    throw new TypeError("no more");
  }
  const answers = Array.fromAsync(setting.client.fullDuplexCall(requests()));
  await expect(answers).rejects.toThrow("no more");
  await aborted.promise;
});
