/** A server that sends its connections away, one after the other, under load: no call is lost. */

import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { unaryMethod } from "#grpc-client/method.ts";
import { SimpleRequestSchema, TestService } from "../gen/grpc/testing/test_pb.js";
import { testService } from "../interop/grpc-service.ts";

const calls = 2_000;
const callsPerConnection = 100;

test("no call fails while every connection is sent away after a hundred calls", async () => {
  const handle = connectNodeAdapter({
    routes: (router) => router.service(TestService, testService),
  });
  const served = new Map<unknown, number>();
  const server = createServer((request, response) => {
    const session = request.stream.session;
    const count = (served.get(session) ?? 0) + 1;
    served.set(session, count);
    // GOAWAY: streams that are open go on, later ones were never looked at.
    if (count === callsPerConnection) session?.close();
    handle(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  {
    await using channel = new GrpcChannel(
      { host: "127.0.0.1", port, messageBytesMax: 1 << 20 },
      systemClock,
      seededRng(1),
    );
    const call = unaryMethod(channel, TestService.method.unaryCall);
    const request = create(SimpleRequestSchema, { responseSize: 10 });
    let begun = 0;
    const worker = async () => {
      while (begun < calls) {
        begun += 1;
        const { payload } = await call(request, {});
        expect(payload?.body).toHaveLength(10);
      }
    };
    await Promise.all(Array.from({ length: 30 }, worker));
  }
  server.close();
  expect(served.size).toBeGreaterThan(10);
});
