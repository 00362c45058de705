/** Ways of the same call in memory: through the gateway's request entry and whole chain, and without one of its steps. */

import { toBinary } from "@bufbuild/protobuf";
import { createContextValues, type Interceptor } from "@connectrpc/connect";
import { createEntry } from "#entry/entry.ts";
import type { Surface } from "#entry/surface.ts";
import { trustedProxies } from "#exchange/trusted-proxies.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { accessLog } from "#interceptors/access-log.ts";
import { authentication } from "#interceptors/authenticate.ts";
import { authorize } from "#interceptors/authorize.ts";
import { callRecordKey } from "#interceptors/context.ts";
import { callMetrics } from "#interceptors/metrics.ts";
import { type CallWatch, outcomes } from "#interceptors/outcome.ts";
import { limitsEnd, rateLimit } from "#interceptors/rate-limit.ts";
import { validate } from "#interceptors/validate.ts";
import { type CallPolicy, createCallPath } from "#rpc/call.ts";
import { createRpc } from "#rpc/rpc.ts";
import { chain, chainOptions, deps, limiter, recordOf, routes } from "./chain.ts";
import { benchKey, chatRequest, framed, paths } from "./chat.ts";
import { NullExchange, type NullRequest } from "./null-exchange.ts";

/** Begins a call; `answered` is called when it has been answered well. */
export type Way = (answered: () => void) => void;

/** What a step is called, and what it is a part of. */
export interface StepName {
  readonly part: "entry" | "interceptors" | "all" | "control";
  readonly name: string;
}

/** A step, and the two ways whose difference it is. */
export interface Step extends StepName {
  readonly whole: Way;
  readonly without: Way;
}

/** What a way goes through. */
interface Route {
  /** The request entry, which gives the request its id and record and counts it. */
  readonly entry: boolean;
  /** The client sends an id of its own. */
  readonly sendsId: boolean;
  readonly links: readonly Link[];
}

/** One step of the call path, as it is built into it. */
interface Link {
  readonly name: string;
  readonly interceptor?: Interceptor;
  readonly watch?: CallWatch;
  readonly policy?: Omit<CallPolicy, "observer">;
  /** What takes its place where it is left out, so that nothing else does its work. */
  readonly substitute?: CallWatch;
}

/** Keeps the request entry from writing the line that the access log left out. */
const markCalled: CallWatch = () => (values) => {
  values.get(callRecordKey).called = true;
  return () => {};
};

const auth = authentication(chainOptions.auth, deps.clock);
/** The chain's steps in its order. */
const links: readonly Link[] = [
  { name: "access log", watch: accessLog(deps), substitute: markCalled },
  { name: "call metrics", watch: callMetrics(deps) },
  { name: "time limit", policy: { timeoutMs: chainOptions.timeoutMs } },
  {
    name: "authentication",
    interceptor: auth.interceptor,
    policy: { admits: auth.admits },
  },
  { name: "authorization", interceptor: authorize() },
  { name: "token bucket", interceptor: rateLimit(limiter, deps), watch: limitsEnd() },
  { name: "validation", interceptor: validate() },
];
const interceptorsOf = (some: readonly Link[]) =>
  some.flatMap(({ interceptor }) => (interceptor === undefined ? [] : [interceptor]));
if (interceptorsOf(links).length !== chain.interceptors.length) {
  throw new Error("the chain has other interceptors");
}

const request: NullRequest = {
  target: paths.chat,
  fields: {
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "bench",
    authorization: `Bearer ${benchKey}`,
  },
  body: framed(toBinary(ChatRequestSchema, chatRequest)),
};
const sentId = "req_of-the-client";
const requestWithId: NullRequest = {
  ...request,
  fields: { ...request.fields, "x-request-id": sentId },
};
const readBytesMax = 4 << 20;

function wayOf(route: Route): Way {
  const watches = route.links.flatMap(({ watch }) => (watch === undefined ? [] : [watch]));
  const policy: CallPolicy = {
    ...Object.assign({}, ...route.links.map(({ policy }) => policy)),
    ...(watches.length === 0 ? {} : { observer: outcomes(watches) }),
    translate: chain.policy.translate,
  };
  const calls = createCallPath(routes, interceptorsOf(route.links), policy);
  const rpc = createRpc(calls, { readBytesMax });
  const surface: Surface = {
    name: "rpc",
    take(exchange, record) {
      const procedure = rpc.procedureOf(exchange.target);
      if (procedure === undefined) return false;
      exchange.sharedFields = undefined;
      record.endpoint = procedure.path;
      const values = createContextValues().set(callRecordKey, record);
      return rpc.serve(exchange, procedure, values) ?? true;
    },
  };
  const sent = route.sendsId ? requestWithId : request;
  if (!route.entry) {
    return (answered) => void surface.take(new NullExchange(sent, answered), recordOf(sentId));
  }
  const entry = createEntry({ proxies: trustedProxies([]) }, deps);
  const listener = { name: "bench", port: 0, surfaces: [surface] };
  return (answered) => void entry.exchange(new NullExchange(sent, answered), listener);
}

const all: Route = { entry: true, sendsId: false, links };
const none: Route = { entry: false, sendsId: true, links: [] };

function without(left: Link): Route {
  const { name, substitute: watch } = left;
  const rest = links.flatMap((link) => {
    if (link !== left) return [link];
    return watch === undefined ? [] : [{ name, watch }];
  });
  return { ...all, links: rest };
}

/** Each step, then all of them at once, then none: what measuring itself takes for a difference. */
export function chainSteps(): readonly Step[] {
  const whole = wayOf(all);
  const step = (part: Step["part"], name: string, other: Route): Step => ({
    part,
    name,
    whole,
    without: wayOf(other),
  });
  return [
    step("entry", "request id, made instead of taken over", { ...all, sendsId: true }),
    step("entry", "record, HTTP metrics", { ...all, entry: false }),
    ...links.map((link) => step("interceptors", link.name, without(link))),
    step("all", "all of them", none),
    step("control", "none of them", all),
  ];
}
