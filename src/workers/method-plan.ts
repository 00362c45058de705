/** How a method is served where each thread knows a part only: asked of all and merged. Pure. */

import type { DescMethod } from "@bufbuild/protobuf";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import type { Backend, BackendEndpoint } from "#gen/polygate/v1/backends_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { CacheService, type PurgeResponse } from "#gen/polygate/v1/cache_pb.js";
import { type Limit, LimitsService, type ListLimitsResponse } from "#gen/polygate/v1/limits_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { type ListRequestsResponse, RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { type ListDecisionsResponse, RoutingService } from "#gen/polygate/v1/routing_pb.js";

/** A method that concerns all threads. Others concern the one that they reach. */
export type MethodPlan =
  | {
      readonly kind: "all";
      /** Makes the responses of the others part of one's own. */
      readonly merge: (own: never, others: readonly never[], request: never) => unknown;
      /** What it changed, which threads that start later have to do as well; absent: nothing. */
      readonly subject?: (request: never) => string;
    }
  /** Any thread may know: the first response that is no failure. */
  | { readonly kind: "any" }
  /** Each tells what happens in it. */
  | { readonly kind: "watch" };

/** An endpoint's calls over all threads; the rest is what the thread that was asked sees of it. */
function mergedEndpoint(own: BackendEndpoint, others: readonly BackendEndpoint[]): BackendEndpoint {
  const sum = (field: "inFlight" | "requests" | "errors" | "concurrencyLimit") =>
    others.reduce((total, other) => total + (other[field] ?? 0), own[field] ?? 0);
  return {
    ...own,
    inFlight: sum("inFlight"),
    requests: sum("requests"),
    errors: sum("errors"),
    ...(own.concurrencyLimit !== undefined && { concurrencyLimit: sum("concurrencyLimit") }),
  };
}

function mergedBackend(own: Backend, others: readonly Backend[]): Backend {
  const endpoints = others.flatMap((other) => (other.name === own.name ? other.endpoints : []));
  const byId = Map.groupBy(endpoints, ({ id }) => id);
  return {
    ...own,
    endpoints: own.endpoints.map((endpoint) =>
      mergedEndpoint(endpoint, byId.get(endpoint.id) ?? []),
    ),
  };
}

interface WithBackends {
  readonly backends: readonly Backend[];
}

interface WithBackend {
  readonly backend?: Backend;
}

function mergedList(own: WithBackends, others: readonly WithBackends[]): WithBackends {
  const all = others.flatMap(({ backends }) => backends);
  return { ...own, backends: own.backends.map((backend) => mergedBackend(backend, all)) };
}

function mergedOne(own: WithBackend, others: readonly WithBackend[]): WithBackend {
  if (own.backend === undefined) return own;
  const all = others.flatMap(({ backend }) => (backend === undefined ? [] : [backend]));
  return { ...own, backend: mergedBackend(own.backend, all) };
}

function mergedPurge(own: PurgeResponse, others: readonly PurgeResponse[]): PurgeResponse {
  const sum = (field: "entries" | "bytes") =>
    others.reduce((total, other) => total + other[field], own[field]);
  return { ...own, entries: sum("entries"), bytes: sum("bytes") };
}

const ownersDefault = 100;

/** What is left of a limit is the same in all threads; whose limits they met lately is not. */
function mergedLimits(
  own: ListLimitsResponse,
  others: readonly ListLimitsResponse[],
  { pageSize }: { readonly pageSize: number },
): ListLimitsResponse {
  const byOwner = new Map<string, readonly Limit[]>();
  for (const { limits } of [own, ...others]) {
    const told = Map.groupBy(limits, ({ tier, name }) => JSON.stringify([tier, name]));
    for (const [owner, its] of told) if (!byOwner.has(owner)) byOwner.set(owner, its);
  }
  const size = pageSize === 0 ? ownersDefault : pageSize;
  const owners = [...byOwner.values()];
  const leftOut = Math.max(own.leftOut, ...others.map((other) => other.leftOut));
  return {
    ...own,
    limits: owners.slice(0, size).flat(),
    leftOut: leftOut + Math.max(0, owners.length - size),
  };
}

const numberedDefault = 100;

/** A page of what all threads keep: the newest of all pages, by the numbers that count over all threads. */
function newestOf<T extends { readonly sequence: number }>(
  pages: readonly { readonly items: readonly T[]; readonly nextPageToken: string }[],
  size = numberedDefault,
) {
  const all = pages
    .flatMap(({ items }) => items)
    .sort((one, other) => other.sequence - one.sequence);
  const items = all.slice(0, size);
  const isLast = all.length <= size && pages.every(({ nextPageToken }) => nextPageToken === "");
  return { items, nextPageToken: isLast ? "" : String(items.at(-1)?.sequence ?? "") };
}

function mergedRequests(
  own: ListRequestsResponse,
  others: readonly ListRequestsResponse[],
  { pageSize }: { readonly pageSize?: number },
): ListRequestsResponse {
  const pages = [own, ...others];
  const sum = (field: "kept" | "lost") => pages.reduce((total, page) => total + page[field], 0);
  const told = pages.map(({ requests: items, nextPageToken }) => ({ items, nextPageToken }));
  const { items: requests, nextPageToken } = newestOf(told, pageSize);
  return { ...own, requests, nextPageToken, kept: sum("kept"), lost: sum("lost") };
}

function mergedDecisions(
  own: ListDecisionsResponse,
  others: readonly ListDecisionsResponse[],
  { pageSize }: { readonly pageSize?: number },
): ListDecisionsResponse {
  const told = [own, ...others].map(({ decisions: items, nextPageToken }) => ({
    ...{ items, nextPageToken },
  }));
  const { items: decisions, nextPageToken } = newestOf(told, pageSize);
  return { ...own, decisions, nextPageToken };
}

const ownAlone = (own: unknown): unknown => own;
const endpointOf = ({ backend, endpoint }: { backend: string; endpoint: string }) =>
  JSON.stringify(["backend", backend, endpoint]);
const modelOf = ({ name }: { name: string }) => JSON.stringify(["model", name]);
const oipModelOf = ({ modelName }: { modelName: string }) => modelOf({ name: modelName });

const { listBackends, drainBackend, resumeBackend, resetBackend } = BackendsService.method;
const { listLimits, getLimit, resetLimit } = LimitsService.method;
const { repositoryModelLoad, repositoryModelUnload } = GRPCInferenceService.method;
const { loadModel, unloadModel, reloadModel } = ModelsService.method;
const { listRequests, getRequest, watchRequests } = RequestsService.method;
const { adjustLoad, listDecisions, watchDecisions } = RoutingService.method;

const plans = new Map<DescMethod, MethodPlan>([
  [listBackends, { kind: "all", merge: mergedList }],
  [drainBackend, { kind: "all", merge: mergedOne, subject: endpointOf }],
  [resumeBackend, { kind: "all", merge: mergedOne, subject: endpointOf }],
  [resetBackend, { kind: "all", merge: mergedOne }],
  [CacheService.method.purge, { kind: "all", merge: mergedPurge }],
  [listLimits, { kind: "all", merge: mergedLimits }],
  [getLimit, { kind: "any" }],
  [resetLimit, { kind: "any" }],
  [loadModel, { kind: "all", merge: ownAlone, subject: modelOf }],
  [unloadModel, { kind: "all", merge: ownAlone, subject: modelOf }],
  [reloadModel, { kind: "all", merge: ownAlone }],
  [repositoryModelLoad, { kind: "all", merge: ownAlone, subject: oipModelOf }],
  [repositoryModelUnload, { kind: "all", merge: ownAlone, subject: oipModelOf }],
  [adjustLoad, { kind: "all", merge: ownAlone }],
  [listDecisions, { kind: "all", merge: mergedDecisions }],
  [listRequests, { kind: "all", merge: mergedRequests }],
  [getRequest, { kind: "any" }],
  [watchRequests, { kind: "watch" }],
  [watchDecisions, { kind: "watch" }],
]);

/** The plan of a method; undefined where any thread answers as well as any other. */
export function planOf(method: DescMethod): MethodPlan | undefined {
  return plans.get(method);
}
