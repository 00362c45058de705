/**
 * gRPC's own interoperability cases, over cleartext and TLS: the client of grpc-go against the RPC
 * server, and the project's client against the server of grpc-go. `npm run interop:grpc`; with
 * `--require` a program that cannot be had is a failure.
 */

import { resolve } from "node:path";
import type { ConnectRouter } from "@connectrpc/connect";
import type { ListenerOptions } from "#exchange/listener.ts";
import { serveRpc } from "#rpc/serve.ts";
import { TestService } from "../gen/grpc/testing/test_pb.js";
import { grpcServerCases } from "./grpc-server.ts";
import { testService } from "./grpc-service.ts";
import { findGrpcInterop, run } from "./program.ts";
import { createReport } from "./report.ts";

const cases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "cancel_after_begin",
  "cancel_after_first_response",
  "timeout_on_sleeping_server",
];
/** The largest message that a case sends is below half of this. */
const readBytesMax = 1024 * 1024;
const folder = resolve("test/fixtures/tls");

const routes = (router: ConnectRouter) => {
  router.service(TestService, testService);
};

const wires: { name: string; tls?: ListenerOptions["tls"]; args: readonly string[] }[] = [
  { name: "cleartext", args: [] },
  {
    name: "TLS",
    tls: { certFile: `${folder}/server.crt`, keyFile: `${folder}/server.key`, clientAuth: "none" },
    args: [
      "--use_tls",
      "--use_test_ca",
      "--ca_file",
      `${folder}/ca.crt`,
      "--server_host_override",
      "localhost",
    ],
  },
];

const report = createReport({ requireAll: process.argv.includes("--require") });
const client = await findGrpcInterop("client");
if (client.missing !== undefined) report.skip("grpc-go's client", client.missing);
else {
  for (const http2Engine of ["polygate", "node"] as const) {
    for (const { name, tls, args } of wires) {
      await using listener = await serveRpc(routes, {
        port: 0,
        readBytesMax,
        http2Engine,
        ...(tls === undefined ? {} : { tls }),
      });
      for (const test of cases) {
        await report.check(`grpc-go, ${http2Engine} HTTP/2, ${name}: ${test}`, async () => {
          const target = ["--server_host", "127.0.0.1", "--server_port", String(listener.port)];
          const { code, err } = await run(client.path, [...target, "--test_case", test, ...args]);
          if (code !== 0) throw new Error(err.trim());
        });
      }
    }
  }
}

const server = await findGrpcInterop("server");
if (server.missing !== undefined) report.skip("grpc-go's server", server.missing);
else await grpcServerCases(server.path, report);
process.exitCode = report.end();
