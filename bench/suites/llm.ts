/** The gateway in front of an LLM provider, beside other ways to do the same, and what its parts cost by themselves. */

import { abortTimes } from "../support/abort-times.ts";
import { type Contest, type Effort, runContest } from "../support/contest.ts";
import { featureCosts } from "../support/feature-costs.ts";
import { firstTokenMs } from "../support/first-token.ts";
import { gateway, installGateways, litellmTo, portkeyTo } from "../support/gateways.ts";
import { historyCosts } from "../support/history-costs.ts";
import { limitCosts } from "../support/limit-costs.ts";
import {
  chunksPerStream,
  grpcChat,
  jsonChat,
  jsonCompletion,
  pausingCompletion,
  providers,
  streamedCompletion,
  token,
} from "../support/llm.ts";
import { type Call, load, type Pressure } from "../support/load.ts";
import { selectionCosts } from "../support/selection-costs.ts";
import { cores, nodeServer, startServer } from "../support/server-process.ts";
import { figure } from "../support/statistics.ts";
import type { Suite } from "../support/suite.ts";
import type { Table } from "../support/table.ts";

const http1: Pressure = { connections: 64, streams: 1 };
const multiplexed: Pressure = { connections: 4, streams: 16 };
const streaming: Pressure = { connections: 16, streams: 1 };

const startUpstream = () => startServer(nodeServer("llm-upstream"), { core: cores.load });

const gatewayTo = (upstreamPort: number) => gateway({ providers: providers(upstreamPort) });
const thinRelayTo = (upstreamPort: number) => nodeServer("thin-relay", String(upstreamPort));

/** Calls of the provider a second when nothing is in between. */
async function ceilingOf(port: number, call: Call, pressure: Pressure, seconds: number) {
  const { calls } = await load(port, call, pressure, seconds);
  return figure(calls / seconds);
}

/** A chat of the gateway's own API, translated to the provider's and back. */
async function chat(effort: Effort): Promise<Table> {
  await using upstream = await startUpstream();
  const relay = {
    name: "fastify + undici, JSON",
    command: thinRelayTo(upstream.port),
    call: jsonChat,
    pressure: http1,
  };
  const contest: Contest = {
    title: "Chat, translated to OpenAI's API",
    note: [
      "A call of `ChatService/Chat`, by gRPC or as JSON, becomes a chat completion of a provider on the core of load. The thin relay does the same",
      "translation of the same JSON, and nothing else: no keys, limits, validation, routing, metrics, history, log.",
    ].join("\n"),
    contenders: [{ name: "Polygate, full chain", command: gatewayTo(upstream.port) }, relay],
    loads: [
      { name: "gRPC, 64 in flight", call: grpcChat, pressure: multiplexed },
      { name: "JSON, 64 in flight", call: jsonChat, pressure: http1 },
    ],
  };
  return await runContest(contest, effort);
}

/** OpenAI's API on both sides: whole completions, and streams of a hundred chunks. */
async function relay(effort: Effort): Promise<Table> {
  await using upstream = await startUpstream();
  const { port } = upstream;
  const seconds = Math.min(1, effort.seconds);
  const calls = await ceilingOf(port, jsonCompletion, http1, seconds);
  const streams = await ceilingOf(port, streamedCompletion, streaming, seconds);
  const addedMs = async (through: number, call: Call) => {
    const its = { ...call, body: pausingCompletion.body };
    return (await firstTokenMs(through, its, token)) - (await firstTokenMs(port, its, token));
  };
  const contest: Contest = {
    title: "OpenAI's API, relayed",
    note: [
      `The provider shares the core of load and sends one chunk in a turn of its event loop. With nothing in between it answers ${calls} completions a second,`,
      `and ${streams} streams of ${chunksPerStream} chunks. The thin relay passes bytes on and looks at none. Time to the first token is that of one stream at a time, less the same`,
      "without a gateway.",
    ].join("\n"),
    contenders: [
      { name: "Polygate, full chain", command: gatewayTo(port) },
      { name: "fastify + undici, bytes untouched", command: thinRelayTo(port) },
      ...portkeyTo(port, jsonCompletion.fields),
      ...litellmTo(port),
    ],
    loads: [
      { name: "JSON, 64 in flight", call: jsonCompletion, pressure: http1 },
      {
        name: "SSE, 16 in flight",
        call: streamedCompletion,
        pressure: streaming,
        unit: { name: "streams", of: ({ calls: count }) => count },
        probe: { column: "first token, added ms", of: addedMs },
      },
    ],
  };
  return await runContest(contest, effort);
}

/** Tables of everything between a client and an LLM provider. */
export const llmSuite: Suite = {
  title: "The gateway in front of an LLM provider",
  install: installGateways,
  tables: {
    selection: selectionCosts,
    history: historyCosts,
    limits: limitCosts,
    chat,
    relay,
    features: featureCosts,
    abort: abortTimes,
  },
};
