/** A client of each service, over one transport. */

import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { BackendsService } from "../gen/polygate/v1/backends_pb.js";
import { CacheService } from "../gen/polygate/v1/cache_pb.js";
import { ChatService } from "../gen/polygate/v1/chat_pb.js";
import { ConfigService } from "../gen/polygate/v1/config_pb.js";
import { EmbeddingsService } from "../gen/polygate/v1/embeddings_pb.js";
import { HealthService } from "../gen/polygate/v1/health_pb.js";
import { KeysService } from "../gen/polygate/v1/keys_pb.js";
import { LimitsService } from "../gen/polygate/v1/limits_pb.js";
import { ModelsService } from "../gen/polygate/v1/models_pb.js";
import { PredictService } from "../gen/polygate/v1/predict_pb.js";
import { RequestsService } from "../gen/polygate/v1/requests_pb.js";
import { RoutingService } from "../gen/polygate/v1/routing_pb.js";
import { StatsService } from "../gen/polygate/v1/stats_pb.js";
import { UploadService } from "../gen/polygate/v1/uploads_pb.js";

const services = {
  backends: BackendsService,
  cache: CacheService,
  chat: ChatService,
  config: ConfigService,
  embeddings: EmbeddingsService,
  health: HealthService,
  keys: KeysService,
  limits: LimitsService,
  models: ModelsService,
  predict: PredictService,
  requests: RequestsService,
  routing: RoutingService,
  stats: StatsService,
  uploads: UploadService,
} as const;

/** The gateway's services by name. Calls reject with what `failureOf` reads. */
export type Polygate = {
  readonly [Name in keyof typeof services]: Client<(typeof services)[Name]>;
};

/** Clients of all services. */
export function clientsOver(transport: Transport): Polygate {
  const clients = Object.entries(services).map(([name, service]) => [
    name,
    createClient(service as typeof ChatService, transport),
  ]);
  return Object.fromEntries(clients);
}
