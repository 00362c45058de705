/** The services of the public API, in display order. */

import type { DescService } from "@bufbuild/protobuf";
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
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";

/** Each is served by RPC, and by REST as far as its methods have bindings. */
export const publicServices: readonly DescService[] = [
  ChatService,
  EmbeddingsService,
  PredictService,
  UploadService,
  ModelsService,
  HealthService,
  StatsService,
  CacheService,
  RoutingService,
  BackendsService,
  LimitsService,
  RequestsService,
  KeysService,
  ConfigService,
  GRPCInferenceService,
];

/** Those of `services` that settings let be called. */
export function servedOf(
  services: readonly DescService[],
  { takesUploads }: { readonly takesUploads: boolean },
): readonly DescService[] {
  return takesUploads ? services : services.filter((service) => service !== UploadService);
}

/** Those that HTTP rules may select: a health check may be given a path of its own. */
export const restServices: readonly DescService[] = [...publicServices, Health];
