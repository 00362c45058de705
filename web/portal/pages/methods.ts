/** The methods of the public services, as their descriptors tell of them; pure. */

import {
  type DescField,
  type DescMessage,
  type DescMethod,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { CacheService } from "#gen/polygate/v1/cache_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { any_principal, public$, required_scope } from "#gen/polygate/v1/options_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";

const services = [
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
];

/** All of them, in the order of the documentation. */
export const methods: readonly DescMethod[] = services.flatMap((service) => [...service.methods]);

/** Who may call it. */
export function scopeOf(method: DescMethod): string {
  const scope = getOption(method, required_scope);
  if (scope !== "") return `needs the scope ${scope}`;
  if (getOption(method, public$)) return "open to everybody";
  return getOption(method, any_principal) ? "open to every caller" : "needs the scope admin";
}

/** Whether more than one request may be sent on one call. */
export const takesStream = ({ methodKind }: DescMethod): boolean =>
  methodKind === "client_streaming" || methodKind === "bidi_streaming";

/** The command that calls a method of the gateway at an address, its requests from standard input. */
export function grpcurlOf({ parent, name }: DescMethod, gatewayUrl: string): string {
  const { protocol, hostname, port } = new URL(gatewayUrl);
  const isSecure = protocol === "https:";
  const words = [
    isSecure ? "grpcurl" : "grpcurl -plaintext",
    '-H "authorization: Bearer $POLYGATE_API_KEY" -d @',
    `${hostname}:${port || (isSecure ? 443 : 80)} ${parent.typeName}/${name}`,
  ];
  return words.join(" \\\n  ");
}

/** Messages within messages that a sample goes into. */
const depthMax = 1;

/** A request with every field at its empty value; of a oneof the first. */
export function sampleOf(message: DescMessage, depth = 0): JsonObject {
  const sample: JsonObject = {};
  for (const member of message.members) {
    const field = member.kind === "oneof" ? member.fields[0] : member;
    if (field === undefined || isLeftOut(field, depth)) continue;
    sample[field.jsonName] = emptyOf(field, depth);
  }
  return sample;
}

/** What has presence may be left out, and means something when it is there. */
function isLeftOut(field: DescField, depth: number): boolean {
  if (field.fieldKind === "message")
    return depth >= depthMax || field.message.typeName.startsWith("google.");
  return field.proto.proto3Optional;
}

function emptyOf(field: DescField, depth: number): JsonValue {
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "map") return {};
  if (field.fieldKind === "message") return sampleOf(field.message, depth + 1);
  if (field.fieldKind === "enum") return field.enum.values[0]?.name ?? 0;
  if (field.scalar === ScalarType.BOOL) return false;
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES ? "" : 0;
}
