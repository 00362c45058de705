/** A server under test of the conformance suite: told what to be on stdin, it tells where it is on stdout. */

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { ListenerOptions } from "#exchange/listener.ts";
import { serveRpc } from "#rpc/serve.ts";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "../gen/connectrpc/conformance/v1/server_compat_pb.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_pb.js";
import { conformanceService } from "./service.ts";

/** Bytes of a length ahead of a message. */
const prefixBytes = 4;
/** Largest message where the suite sets no limit. */
const bytesMax = 64 * 1024 * 1024;

function tlsOf(request: ServerCompatRequest, folder: string): Pick<ListenerOptions, "tls"> {
  const { useTls, serverCreds, clientTlsCert } = request;
  if (!useTls || serverCreds === undefined) return {};
  const file = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const isMutual = clientTlsCert.length > 0;
  return {
    tls: {
      certFile: file("server.crt", serverCreds.cert),
      keyFile: file("server.key", serverCreds.key),
      ...(isMutual ? { caFile: file("clients.crt", clientTlsCert) } : {}),
      clientAuth: isMutual ? "require" : "none",
    },
  };
}

const request = fromBinary(
  ServerCompatRequestSchema,
  readFileSync(process.stdin.fd).subarray(prefixBytes),
);
const folder = mkdtempSync(join(tmpdir(), "conformance-"));
await using listener = await serveRpc(
  (router: ConnectRouter) => {
    router.service(ConformanceService, conformanceService);
  },
  {
    port: 0,
    readBytesMax: request.messageReceiveLimit === 0 ? bytesMax : request.messageReceiveLimit,
    plainErrors: true,
    http1Engine: process.argv.includes("--node-http1") ? "node" : "polygate",
    http2Engine: process.argv.includes("--node-http2") ? "node" : "polygate",
    ...tlsOf(request, folder),
  },
);
rmSync(folder, { recursive: true });

const response = toBinary(ServerCompatResponseSchema, {
  $typeName: "connectrpc.conformance.v1.ServerCompatResponse",
  host: "127.0.0.1",
  port: listener.port,
  pemCert: request.useTls ? (request.serverCreds?.cert ?? new Uint8Array(0)) : new Uint8Array(0),
});
const prefix = Buffer.alloc(prefixBytes);
prefix.writeUInt32BE(response.length);
process.stdout.write(Buffer.concat([prefix, response]));
await once(process, "SIGTERM");
