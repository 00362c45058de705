/** The project's gRPC client against the interoperability server of grpc-go. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { resolve } from "node:path";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { freePort } from "../support/free-port.ts";
import { clientTls } from "../support/tls.ts";
import { grpcClientCases } from "./grpc-client-cases.ts";
import type { Report } from "./report.ts";

const messageBytesMax = 1024 * 1024;
const folder = resolve("test/fixtures/tls");
const wires = [
  { name: "cleartext", args: [], tls: {} },
  {
    name: "TLS",
    args: ["-use_tls", `-tls_cert_file=${folder}/server.crt`, `-tls_key_file=${folder}/server.key`],
    tls: { tls: { ca: clientTls.ca, serverName: "localhost" } },
  },
] as const;

/** Waits until somebody listens. */
async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await systemClock.sleep(20);
  }
}

/** Runs every case on every wire. */
export async function grpcServerCases(path: string, report: Report): Promise<void> {
  for (const { name, args, tls } of wires) {
    const port = await freePort();
    const server = spawn(path, ["-port", String(port), ...args], { stdio: "ignore" });
    try {
      await listening(port);
      await using channel = new GrpcChannel(
        { host: "127.0.0.1", port, messageBytesMax, ...tls },
        systemClock,
        systemRng,
      );
      for (const each of grpcClientCases) {
        await report.check(`grpc-go's server, ${name}: ${each.name}`, () => each.run(channel));
      }
    } finally {
      server.kill();
    }
  }
}
