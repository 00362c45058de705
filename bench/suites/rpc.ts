/** The gateway with its full chain, beside other ways to do the same. */

import { toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { countsTable } from "../support/call-counts.ts";
import { coreCall, grpcCall, jsonCall, streamCall } from "../support/calls.ts";
import { chainCosts } from "../support/chain-costs.ts";
import { framed, largeStreamRequest, smallFrameBytes } from "../support/chat.ts";
import { HeldConnections } from "../support/connections.ts";
import {
  type Contender,
  type Contest,
  type Effort,
  runContest,
  type Unit,
} from "../support/contest.ts";
import { gateway } from "../support/gateways.ts";
import { goContender } from "../support/go-contenders.ts";
import { identityContest } from "../support/identity.ts";
import { latenciesOf } from "../support/latency.ts";
import { load } from "../support/load.ts";
import { processFigures } from "../support/process-figures.ts";
import { isInstalled, redisServer } from "../support/programs.ts";
import { envoyTranscoder, grpcProxies, installProxies } from "../support/proxies.ts";
import { cores, nodeServer, startServer } from "../support/server-process.ts";
import { startUpTimes } from "../support/start-up.ts";
import { figure, median, quantile } from "../support/statistics.ts";
import type { Suite } from "../support/suite.ts";
import type { Table } from "../support/table.ts";

const polygate: Contender = { name: "Polygate, full chain", command: nodeServer("polygate") };
const nodeHttp2: Contender = { name: "node:http2, bare", command: nodeServer("node-http2") };
const wide = { connections: 8, streams: 16 } as const;
const megabytes: Unit = { name: "MB", of: ({ bodyBytes }) => bodyBytes / 1e6 };
const messages: Unit = {
  name: "messages",
  of: ({ bodyBytes }) => bodyBytes / smallFrameBytes,
};

const unary = (): Contest => ({
  title: "gRPC unary",
  contenders: [
    polygate,
    nodeHttp2,
    { name: "grpc-js, bare", command: nodeServer("grpc-js") },
    { name: "connect-node, same chain", command: nodeServer("connect-node") },
    ...goContender("grpc-go", "grpc-go, bare"),
  ],
  loads: [{ name: "128 in flight", call: grpcCall, pressure: wide }],
});

const json = (): Contest => ({
  title: "JSON unary over HTTP/1.1",
  contenders: [
    polygate,
    { name: "node:http, bare", command: nodeServer("node-http") },
    {
      name: "connect-fastify, same chain",
      command: nodeServer("connect-fastify"),
      call: { path: grpcCall.path },
    },
    ...goContender("grpc-gateway", "grpc-gateway, bare"),
  ],
  loads: [{ name: "32 in flight", call: jsonCall, pressure: { connections: 32, streams: 1 } }],
});

const streams: Contest = {
  title: "Server streams",
  contenders: [polygate, nodeHttp2],
  loads: [
    {
      name: "128 at once, small messages",
      call: streamCall,
      pressure: wide,
      unit: messages,
    },
    {
      name: "16 at once, messages of 16 kB",
      call: {
        ...streamCall,
        body: framed(toBinary(ChatRequestSchema, largeStreamRequest)),
      },
      pressure: { connections: 4, streams: 4, windowBits: [18, 20] },
      unit: megabytes,
    },
  ],
};

/** The same chain for other callers, and with limits that gateways share. */
async function identity(effort: Effort): Promise<Table> {
  await using stack = new AsyncDisposableStack();
  const redis = isInstalled("redis-server")
    ? stack.use(await startServer(redisServer, { core: cores.load }))
    : undefined;
  if (redis === undefined) console.error("Redis is left out: redis-server is not installed");
  return await runContest(await identityContest(grpcCall, wide, redis?.port), effort);
}

/** The gateway itself, in front of a core. */
const gatewayTo = (corePort: number, more: object = {}, kind?: "built") =>
  gateway({ cores: [{ url: `http://127.0.0.1:${corePort}` }], ...more }, kind);

const startCoreServer = () => startServer(nodeServer("engine"), { core: cores.load });

/** The whole gateway in front of a core, beside proxies that only pass bytes on. */
async function hop(effort: Effort): Promise<Table> {
  await using core = await startCoreServer();
  return await runContest(
    {
      title: "gRPC to gRPC hop",
      contenders: [
        { name: "Polygate, full chain", command: gatewayTo(core.port) },
        ...grpcProxies(core.port, coreCall),
      ],
      loads: [{ name: "128 in flight", call: grpcCall, pressure: wide }],
    },
    effort,
  );
}

/** REST in, gRPC out: the whole gateway beside a proxy that turns the one into the other. */
async function transcode(effort: Effort): Promise<Table> {
  await using core = await startCoreServer();
  return await runContest(
    {
      title: "JSON to a gRPC core",
      note: [
        "`POST /api/v1/chat` over HTTP/1.1. The gateway makes another message of it, that of a core, and a response of the",
        "core's; Envoy passes the same message on by the annotations of the same proto.",
      ].join("\n"),
      contenders: [
        { name: "Polygate, full chain", command: gatewayTo(core.port) },
        ...envoyTranscoder(core.port),
      ],
      loads: [
        { name: "32 in flight", call: jsonCall, pressure: { connections: 32, streams: 1 } },
        { name: "8 in flight", call: jsonCall, pressure: { connections: 8, streams: 1 } },
      ],
    },
    effort,
  );
}

/** What the process uses at the rate that gateways are compared at. */
async function figures(effort: Effort): Promise<Table> {
  await using core = await startCoreServer();
  return await processFigures(jsonCall, gatewayTo(core.port, {}, "built"), effort);
}

/** The same hop by how many of its calls are traced: each of those leaves two spans. */
async function tracing(effort: Effort): Promise<Table> {
  await using core = await startCoreServer();
  await using collector = await startServer(nodeServer("collector"), { core: cores.load });
  const endpoint = `http://127.0.0.1:${collector.port}`;
  const sampled = (ratio: number) => ({
    tracing: { endpoint, sampler: "traceidratio", ratio, queue_max: 1_000_000, queue_size: "1GB" },
  });
  return await runContest(
    {
      title: "gRPC to gRPC hop by tracing",
      note: "A collector beside the load takes the spans, two of each sampled call; none is dropped.",
      contenders: [
        { name: "off", command: gatewayTo(core.port) },
        { name: "1 % sampled", command: gatewayTo(core.port, sampled(0.01)) },
        { name: "100 % sampled", command: gatewayTo(core.port, sampled(1)) },
      ],
      loads: [{ name: "128 in flight", call: grpcCall, pressure: wide }],
    },
    effort,
  );
}

const callsPerSecond = 1_000;
/** Full load ahead of a measurement at less than that: code gets as fast as it will be. */
const warmUpSeconds = 4;

/** Milliseconds that the gateway adds to a call of a core. */
async function latency({ rounds, seconds }: Effort): Promise<Table> {
  await using core = await startCoreServer();
  await using gateway = await startServer(gatewayTo(core.port));
  const pace = { perSecond: callsPerSecond, seconds, connections: 8 };
  const ways = [
    { name: "direct", port: core.port, call: { ...grpcCall, ...coreCall } },
    { name: "through Polygate", port: gateway.port, call: grpcCall },
  ];
  const shares = [0.5, 0.95, 0.99];
  const samples = ways.map(() => shares.map((): number[] => []));
  for (const { port, call } of ways) await load(port, call, wide, warmUpSeconds);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { port, call }] of ways.entries()) {
      const taken = await latenciesOf(port, call, pace);
      for (const [at, share] of shares.entries())
        samples[index]?.[at]?.push(quantile(taken, share));
    }
  }
  const [direct = [], through = []] = samples.map((each) => each.map((values) => median(values)));
  const rows = [
    ...ways.map(({ name }, index) => ({ name, values: index === 0 ? direct : through })),
    { name: "added", values: through.map((value, at) => value - (direct[at] ?? Number.NaN)) },
  ];
  return {
    title: "Latency of gRPC unary at a fixed rate",
    note: "Calls are sent by the clock, whether or not earlier ones were answered.",
    columns: ["calls a second", "way", "p50 ms", "p95 ms", "p99 ms"],
    rows: rows.map(({ name, values }, index) => [
      index === 0 ? callsPerSecond.toLocaleString("en-US") : "",
      name,
      ...values.map(figure),
    ]),
  };
}

const heldConnections = 10_000;

/** Traffic beside connections that only stay open. */
async function held({ rounds, seconds }: Effort): Promise<Table> {
  await using server = await startServer(polygate.command);
  const traffic = async (taken: number[]) => {
    const { calls } = await load(server.port, grpcCall, wide, seconds);
    taken.push(calls / seconds);
  };
  const alone: number[] = [];
  const beside: number[] = [];
  await load(server.port, grpcCall, wide, warmUpSeconds);
  let stillOpen = heldConnections;
  for (let round = 0; round < rounds; round += 1) {
    await traffic(alone);
    using connections = new HeldConnections(server.port);
    await connections.grow(heldConnections);
    await traffic(beside);
    stillOpen = Math.min(stillOpen, connections.open);
  }
  return {
    title: "gRPC unary while connections are held",
    note: "A call that fails ends the run, so there is none among these.",
    columns: ["connections", "still open at the end", "calls a second", "share of alone"],
    rows: [
      ["8 with traffic", "", figure(median(alone)), ""],
      [
        `and ${heldConnections.toLocaleString("en-US")} without`,
        stillOpen.toLocaleString("en-US"),
        figure(median(beside)),
        figure(median(beside) / median(alone)),
      ],
    ],
  };
}

/** The gateway's tables. */
export const rpcSuite: Suite = {
  title: "The gateway with its full chain",
  install: installProxies,
  tables: {
    unary: (effort) => runContest(unary(), effort),
    identity,
    json: (effort) => runContest(json(), effort),
    chain: chainCosts,
    counts: countsTable,
    streams: (effort) => runContest(streams, effort),
    hop,
    transcode,
    tracing,
    latency,
    figures,
    held,
    start: startUpTimes,
  },
};
