/** Mounts the services of a generation. */

import type { ConnectRouter } from "@connectrpc/connect";
import { ResponseCache } from "#cache/response-cache.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import { systemRng } from "#core/rng.ts";
import { packageVersion } from "#core/version.ts";
import { type ChatSide, chatPoolsOf } from "#gateway/chat-side.ts";
import { namesOf, type Shared, servicesOf, type ThreadParts } from "#gateway/parts.ts";
import { rateLimiterOf, storesOf } from "#gateway/policy.ts";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { CacheService } from "#gen/polygate/v1/cache_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import type { CredentialStore } from "#identity/credentials.ts";
import { createDecodeQueue } from "#inference/decode-queue.ts";
import { callerOf } from "#interceptors/caller.ts";
import { registerHealth } from "#rpc/health.ts";
import type { Routes } from "#rpc/mount.ts";
import { registerReflection } from "#rpc/reflection.ts";
import { createBackendsService, type KnownPool } from "#services/backends.ts";
import { createCacheService } from "#services/cache.ts";
import { createChatService } from "#services/chat.ts";
import { ChatCache } from "#services/chat-cache.ts";
import type { ChatHooks } from "#services/chat-hooks.ts";
import { createConfigService } from "#services/config.ts";
import { createEmbeddingsService } from "#services/embeddings.ts";
import { createHealthService } from "#services/health.ts";
import { createKeysService } from "#services/keys.ts";
import { createLimitsService } from "#services/limits.ts";
import { createMeter } from "#services/meter.ts";
import { Mirrors } from "#services/mirrors.ts";
import { createModelsService } from "#services/models.ts";
import { createOipService } from "#services/oip.ts";
import { createPredictService } from "#services/predict.ts";
import { PredictCache } from "#services/predict-cache.ts";
import { createRelayService } from "#services/relay.ts";
import { createRequestsService } from "#services/requests.ts";
import { createRoutingService } from "#services/routing.ts";
import { createStatsService } from "#services/stats.ts";
import { UploadedFiles } from "#services/uploaded-files.ts";
import { createUploadService } from "#services/uploads.ts";

/** Images decoded at once: half of the threads that also read files and look up names. */
const decodingMax = 2;
/** Memory of the images that are decoded at once: one of the largest, or two of a usual size. */
const decodingBytesMax = 130_000_000;

/** Opens the cache of chats and predictions, which metrics report. */
function openCache({ settings, clock, metrics, store }: Shared): ResponseCache {
  const shared = store?.responses;
  const cache = new ResponseCache(settings.cache, {
    ...{ clock, shared },
    onChange({ entries, bytes, evicted }) {
      metrics.cacheEntries.set(entries);
      metrics.cacheBytes.set(bytes);
      metrics.cacheEvictions.inc(evicted);
    },
  });
  // What another gateway has let go is let go here.
  shared?.onPurged((model) => cache.purgeHere(model));
  return cache;
}

/** What the services call. */
export interface Backends {
  readonly chat: ChatSide;
  readonly hooks: ChatHooks | undefined;
  readonly predict: PredictCatalog;
  readonly isReady: () => boolean;
  readonly credentials: CredentialStore;
}

/** Mounts every service. */
export function routesOf(shared: Shared, { chat, hooks, predict, isReady }: Backends): Routes {
  const { settings, clock, metrics, stats, health } = shared;
  const facts = {
    version: packageVersion,
    environment: settings.environment,
    startedMs: shared.startedMs,
    rateLimiting: settings.rateLimit !== undefined,
    rateLimiter: () => rateLimiterOf(shared),
    stopping: shared.stopping,
  };
  const meter = createMeter({ clock, metrics, stats });
  const deps = { clock, metrics, stats, meter, ids: shared.relayIds(settings.relay.idSecret) };
  const { provider } = settings.relay;
  const relay = provider === undefined ? {} : { provider };
  const cache = openCache(shared);
  const { dispatch, catalog } = chat;
  const { journal } = shared.records;
  const mirrors = new Mirrors({ ...shared, ...{ rng: systemRng, journal, dispatch, catalog } });
  const { buffers, uploads: store } = shared;
  const uploads = new UploadedFiles({ store, buffers });
  const routed = { ...deps, ...chat, buffers, answerMs: settings.request.timeoutMs, mirrors };
  const responses = new ChatCache(settings.cache, { cache, metrics });
  const predictions = new PredictCache(settings.cache, { cache, metrics, clock, backend: predict });
  const predicting = { ...deps, backend: predict, predictions };
  const decoding = createDecodeQueue({
    runningMax: decodingMax,
    waitingMax: settings.onnx.queueMax,
    bytesMax: decodingBytesMax,
  });
  const { thread } = shared;
  const allThreads = thread?.stats;
  return (bare) => {
    const router = thread === undefined ? bare : routerOverAll(bare, thread);
    router.service(ChatService, createChatService({ ...routed, responses, hooks, uploads }));
    router.service(CacheService, createCacheService(cache, predict));
    router.service(EmbeddingsService, createEmbeddingsService({ ...routed, predict }));
    router.service(RelayService, createRelayService({ ...routed, ...relay }));
    router.service(PredictService, createPredictService({ ...predicting, decoding, uploads }));
    if (store !== undefined) {
      const { fileBytesMax: bytesMax } = settings.request;
      router.service(UploadService, createUploadService({ store, bytesMax, clock }));
    }
    router.service(
      GRPCInferenceService,
      createOipService({ ...predicting, ...facts, isReady, allThreads }),
    );
    router.service(ModelsService, createModelsService({ predict, chat }));
    router.service(
      HealthService,
      createHealthService({
        ...{ ...facts, ...deps, predict, pool: chat.pool, chatKind: chat.kind },
        twins: settings.chat.cores.flatMap(({ id, service }) => (service === "twin" ? [id] : [])),
        queryPools: chat.queryPools.map(({ pool }) => pool),
        providers: catalog.providers,
        stores: () => storesOf(shared),
      }),
    );
    const { performance } = shared.records;
    router.service(
      StatsService,
      createStatsService({ ...facts, ...deps, predict, allThreads, performance }),
    );
    const pools: readonly KnownPool[] = [...chatPoolsOf(chat), ...predict.groups];
    const { decisions } = shared.records;
    router.service(
      RoutingService,
      createRoutingService({ ...facts, pools, decisions, catalog: chat.catalog }),
    );
    mountAdministration(router, shared, pools);
    registerHealth(router, health, namesOf(settings), { callerOf });
    registerReflection(router, [...servicesOf(settings), Health]);
  };
}

/** Mounts services as they are served where other threads know a part of what they report. */
function routerOverAll(router: ConnectRouter, { overAll }: ThreadParts): ConnectRouter {
  const over: ConnectRouter = {
    ...router,
    service(service, implementation, options) {
      router.service(service, overAll(service, implementation as never), options);
      return over;
    },
  };
  return over;
}

/** What an administrator did, besides other facts of it. */
interface AdminAct {
  readonly requestId: string;
  readonly action: string;
}

/** Mounts what administrators ask of a running gateway; each of their acts leaves a line in the log. */
function mountAdministration(
  router: ConnectRouter,
  { settings, logger, limiter, keys, configuration, records: { calls }, clock, stopping }: Shared,
  pools: readonly KnownPool[],
): void {
  const onAction = ({ requestId: request_id, ...facts }: AdminAct) => {
    logger.info({ request_id, ...facts }, "admin");
  };
  router.service(BackendsService, createBackendsService({ pools, onAction }));
  router.service(
    LimitsService,
    createLimitsService({
      limiter,
      onReset: (reset) => onAction({ ...reset, action: "reset_limit" }),
    }),
  );
  router.service(ConfigService, createConfigService({ admin: configuration, onAction }));
  router.service(RequestsService, createRequestsService({ stopping, calls }));
  router.service(
    KeysService,
    createKeysService({
      room: keys,
      settled: new Set(settings.auth.keys.map(({ name }) => name)),
      groups: settings.groups,
      clock,
      onAction,
    }),
  );
}
