/** The project's gRPC client against the servers of others: gRPC's interoperability cases on each. */

import { describe, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { grpcClientCases } from "../interop/grpc-client-cases.ts";
import { startConnectNode, startGrpcJs } from "../support/grpc-test-servers.ts";

const servers = [
  { name: "@grpc/grpc-js", start: startGrpcJs },
  { name: "connect-node", start: startConnectNode },
] as const;

describe.each(servers)("against $name", ({ start }) => {
  test.each(grpcClientCases)("$name", async ({ run }) => {
    await using server = await start();
    await using channel = new GrpcChannel(
      { host: "127.0.0.1", port: server.port, messageBytesMax: 1 << 20 },
      systemClock,
      seededRng(1),
    );
    await run(channel);
  });
});
