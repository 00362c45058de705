/** What features that are off by default cost a call: each by itself, their sum, and all of them at once. */

import { toBinary } from "@bufbuild/protobuf";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { tokenOf, tokenSecret } from "../../test/support/tokens.ts";
import { framed } from "./chat.ts";
import { type Contender, type Effort, mediansOf } from "./contest.ts";
import { gateway } from "./gateways.ts";
import { grpcChat, grpcChatRequest, models, providers, upstreamKey } from "./llm.ts";
import type { Call, Pressure } from "./load.ts";
import { isInstalled, redisServer } from "./programs.ts";
import { cores, nodeServer, startServer } from "./server-process.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

/** A feature: the settings that turn it on, and how calls differ that use it. */
interface Feature {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly call?: Partial<Call>;
}

const pressure: Pressure = { connections: 4, streams: 16 };
const tokenSeconds = 7 * 86_400;

/** Callers with a token, which is verified once and then remembered. */
async function tokens(): Promise<Feature> {
  const exp = Math.floor(Date.now() / 1_000) + tokenSeconds;
  const token = await tokenOf({ claims: { exp } });
  const others = grpcChat.fields.filter(([name]) => name !== "authorization");
  return {
    name: "JWT by HS256",
    settings: { auth: { jwt: { secret: tokenSecret } } },
    call: { fields: [...others, ["authorization", `Bearer ${token}`]] },
  };
}

/** A gateway whose Redis fails would refuse the calls, and fail the run. */
function sharedLimits(redisPort: number): Feature {
  const redis = { url: `redis://127.0.0.1:${redisPort}`, timeout: "1s", on_store_error: "deny" };
  return { name: "limits in Redis", settings: { redis } };
}

/** Five providers at one address, of which each call is given the best. */
function scoredRouting(upstreamPort: number): Feature {
  const [, model] = models.swift.split("/");
  const names = Array.from({ length: 5 }, (_, index) => `provider-${index}`);
  const provider = {
    dialect: "openai",
    base_url: `http://127.0.0.1:${upstreamPort}/v1`,
    api_key: upstreamKey,
  };
  const request = { ...grpcChatRequest, modelPreference: "scored" };
  return {
    name: "scored routing among 5 providers",
    settings: {
      providers: {
        ...providers(upstreamPort),
        ...Object.fromEntries(names.map((name) => [name, provider])),
      },
      routes: { scored: { scored: names.map((name) => ({ provider: name, model })) } },
    },
    call: { body: framed(toBinary(ChatRequestSchema, request)) },
  };
}

function tracing(collectorPort: number): Feature {
  const endpoint = `http://127.0.0.1:${collectorPort}`;
  const queue = { queue_max: 1_000_000, queue_size: "1GB" };
  return {
    name: "tracing, every call",
    settings: { tracing: { endpoint, sampler: "traceidratio", ratio: 1, ...queue } },
  };
}

function contenderWith(
  name: string,
  upstreamPort: number,
  features: readonly Feature[],
): Contender {
  const settings = Object.assign(
    { providers: providers(upstreamPort) },
    ...features.map((feature) => feature.settings),
  );
  const call = Object.assign({}, ...features.map((feature) => feature.call));
  return { name, command: gateway(settings), call };
}

/** CPU microseconds that each feature adds to a chat by gRPC. */
export async function featureCosts(effort: Effort): Promise<Table> {
  await using stack = new AsyncDisposableStack();
  const onLoadCore = { core: cores.load };
  const upstream = stack.use(await startServer(nodeServer("llm-upstream"), onLoadCore));
  const collector = stack.use(await startServer(nodeServer("collector"), onLoadCore));
  const redis = isInstalled("redis-server")
    ? stack.use(await startServer(redisServer, onLoadCore))
    : undefined;
  if (redis === undefined) console.error("Redis is left out: redis-server is not installed");
  const features = [
    await tokens(),
    ...(redis === undefined ? [] : [sharedLimits(redis.port)]),
    scoredRouting(upstream.port),
    tracing(collector.port),
  ];
  const contenders = [
    contenderWith("none of these", upstream.port, []),
    ...features.map((feature) => contenderWith(feature.name, upstream.port, [feature])),
    contenderWith("all at once", upstream.port, features),
  ];
  const load = { name: "64 in flight", call: grpcChat, pressure };
  const taken = await mediansOf({ contenders, loads: [load] }, { ...effort, before: undefined });
  const medians = taken.get(load) ?? [];
  const bareUs = medians[0]?.cpuUs ?? Number.NaN;
  const added = medians.map(({ cpuUs }) => cpuUs - bareUs);
  const sum = added.slice(1, -1).reduce((all, one) => all + one, 0);
  const rows = medians.map(({ name, cpuUs }, index) => [
    name,
    figure(cpuUs),
    index === 0 ? "" : signed(added[index] ?? Number.NaN),
  ]);
  return {
    title: "What features add to a chat",
    note: [
      "`ChatService/Chat` by gRPC to a provider of OpenAI's dialect, the whole gateway each time: a key, limits in memory, one provider,",
      "no tracing; then with one of these in its place or beside it.",
    ].join("\n"),
    columns: ["on", "CPU µs a call", "more than none"],
    rows: [...rows.slice(0, -1), ["sum of each", "", signed(sum)], ...rows.slice(-1)],
  };
}

/** A difference; what is below zero is noise. */
function signed(value: number): string {
  return value < 0 ? `-${figure(-value)}` : figure(value);
}
