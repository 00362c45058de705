/** The HTTP/2 engine beside other servers, without policy on top. */

import { toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { chatRequest, framed, largeBytes, paths, smallFrameBytes } from "../support/chat.ts";
import { HeldConnections } from "../support/connections.ts";
import {
  type Contender,
  type Contest,
  type Effort,
  runContest,
  type Unit,
} from "../support/contest.ts";
import { goContender } from "../support/go-contenders.ts";
import type { Call } from "../support/load.ts";
import { grpcProxies, installProxies } from "../support/proxies.ts";
import { cores, nodeServer, startServer } from "../support/server-process.ts";
import { figure, median } from "../support/statistics.ts";
import type { Suite } from "../support/suite.ts";
import type { Table } from "../support/table.ts";

const call: Call = {
  wire: "h2c",
  path: paths.chat,
  fields: [
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ],
  body: framed(toBinary(ChatRequestSchema, chatRequest)),
};
const engine: Contender = { name: "engine", command: nodeServer("engine") };
const nodeHttp2: Contender = { name: "node:http2", command: nodeServer("node-http2") };
const grpcJs: Contender = { name: "grpc-js", command: nodeServer("grpc-js") };
const wide = { connections: 8, streams: 16 } as const;

const messages: Unit = {
  name: "messages",
  of: ({ bodyBytes }) => bodyBytes / smallFrameBytes,
};
const megabytesDown: Unit = { name: "MB", of: ({ bodyBytes }) => bodyBytes / 1e6 };
const megabytesUp: Unit = { name: "MB", of: ({ calls }) => (calls * largeBytes) / 1e6 };

const grpcGo = () => goContender("grpc-go", "grpc-go");

const unary = (): Contest => ({
  title: "Small unary calls, decoded and encoded with protobuf",
  contenders: [engine, nodeHttp2, grpcJs, ...grpcGo()],
  loads: [
    { name: "1 in flight", call, pressure: { connections: 1, streams: 1 } },
    { name: "8 in flight", call, pressure: { connections: 8, streams: 1 } },
    { name: "128 in flight", call, pressure: wide },
  ],
});

const tls: Contest = {
  title: "Small unary calls over TLS",
  contenders: [
    { name: "engine", command: nodeServer("engine", "tls") },
    { name: "node:http2", command: nodeServer("node-http2", "tls") },
  ],
  loads: [{ name: "128 in flight", call: { ...call, wire: "h2" }, pressure: wide }],
};

const streams = (): Contest => ({
  title: "Server streams of small messages",
  contenders: [engine, nodeHttp2, grpcJs, ...grpcGo()],
  loads: [
    {
      name: "1,000 at once",
      call: { ...call, path: paths.stream },
      pressure: { connections: 10, streams: 100 },
      unit: messages,
    },
  ],
});

const large = { connections: 2, streams: 2 } as const;
const bodies: Contest = {
  title: "Bodies of 1 MB",
  contenders: [engine, nodeHttp2],
  loads: [
    {
      name: "down",
      call: { ...call, path: paths.down },
      pressure: { ...large, windowBits: [18, 20] },
      unit: megabytesDown,
    },
    {
      name: "up",
      call: { ...call, path: paths.up, body: Buffer.alloc(largeBytes, 1) },
      pressure: large,
      unit: megabytesUp,
    },
  ],
};

/** A server that answers, and two ways of passing its bytes on. */
async function relay(effort: Effort): Promise<Table> {
  const [answering = engine] = grpcGo();
  await using upstream = await startServer(answering.command, { core: cores.load });
  return await runContest(
    {
      title: "Relay of small unary calls, bytes untouched",
      contenders: [
        { name: "engine, both sides", command: nodeServer("relay", String(upstream.port)) },
        ...grpcProxies(upstream.port),
      ],
      loads: [{ name: "128 in flight", call, pressure: wide }],
    },
    effort,
  );
}

const warmUpConnections = 1_000;
const idleConnections = 10_000;

/** Memory of connections on which nothing happens. */
async function idle({ rounds }: Effort): Promise<Table> {
  const contenders = [engine, nodeHttp2, { name: "bare node:net", command: nodeServer("net") }];
  const bytes = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    for (const { name, command } of contenders) {
      await using server = await startServer(command);
      using held = new HeldConnections(server.port);
      // The first ones pay for code and for room to grow.
      await held.grow(warmUpConnections);
      const before = await server.residentBytes();
      await held.grow(warmUpConnections + idleConnections);
      const after = await server.residentBytes();
      bytes.get(name)?.push((after - before) / idleConnections);
    }
  }
  return {
    title: "Idle connections",
    columns: ["held", "server", "resident kB each"],
    rows: [...bytes].map(([name, each], index) => [
      index === 0 ? idleConnections.toLocaleString("en-US") : "",
      name,
      figure(median(each) / 1_000),
    ]),
  };
}

/** The engine's tables. */
export const http2Suite: Suite = {
  title: "The HTTP/2 engine, without policy",
  install: installProxies,
  tables: {
    unary: (effort) => runContest(unary(), effort),
    tls: (effort) => runContest(tls, effort),
    streams: (effort) => runContest(streams(), effort),
    bodies: (effort) => runContest(bodies, effort),
    relay,
    idle,
  },
};
