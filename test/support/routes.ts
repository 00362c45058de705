/** Every way into a running gateway, and who may take it: RPC by reflection, REST by its bindings, surfaces and pages by their tables. */

import {
  create,
  createFileRegistry,
  type DescMethod,
  type DescService,
  fromBinary,
  getOption,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { operations } from "#dialects/relay/operations.ts";
import { http } from "#gen/google/api/annotations_pb.js";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { methodFacts } from "#interceptors/method-facts.ts";
import { pages } from "#surface-table.ts";
import { llmTemplates, responsesPath } from "#surfaces/llm-paths.ts";
import { oipTemplates } from "#surfaces/oip-paths.ts";
import { tfTemplates } from "#surfaces/tfserving-paths.ts";
import { restServices } from "../../src/public-services.ts";
import { grpcTo } from "./transports.ts";

/** Who may call; undefined: nobody has decided. */
export type Decision = "public" | "any principal" | `scope ${string}` | undefined;

/** A path of HTTP, with variables in braces. */
export interface HttpRoute {
  readonly surface: string;
  readonly method: string;
  readonly template: string;
  readonly decision: Decision;
  /** It may be asked for as a WebSocket. */
  readonly isSocket?: boolean;
}

/** A procedure. */
export interface RpcRoute {
  readonly rpc: DescMethod;
  readonly decision: Decision;
}

/** What its descriptor says of a method. */
export function decisionOf(method: DescMethod): Decision {
  const { isDecided, isPublic, requiredScope } = methodFacts(method);
  if (!isDecided) return undefined;
  if (isPublic) return "public";
  return requiredScope === "" ? "any principal" : `scope ${requiredScope}`;
}

/** Every procedure that a gateway says it has, as it describes it. */
export async function rpcRoutes(url: string, key: string): Promise<RpcRoute[]> {
  const reflection = createClient(ServerReflection, grpcTo(url, key));
  async function* asks() {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
  }
  const names: string[] = [];
  for await (const { messageResponse } of reflection.serverReflectionInfo(asks())) {
    if (messageResponse.case !== "listServicesResponse") throw new Error("no list of services");
    names.push(...messageResponse.value.service.map(({ name }) => name));
  }
  const files = new Map<string, FileDescriptorProto>();
  /** A file comes after those that it imports. */
  const add = async (ask: { case: "fileContainingSymbol" | "fileByFilename"; value: string }) => {
    async function* asked() {
      yield { messageRequest: ask };
    }
    for await (const { messageResponse } of reflection.serverReflectionInfo(asked())) {
      if (messageResponse.case !== "fileDescriptorResponse") throw new Error(ask.value);
      for (const bytes of messageResponse.value.fileDescriptorProto) {
        const file = fromBinary(FileDescriptorProtoSchema, bytes);
        for (const value of file.dependency) {
          if (!files.has(value)) await add({ case: "fileByFilename", value });
        }
        files.set(file.name, file);
      }
    }
  };
  for (const value of names) await add({ case: "fileContainingSymbol", value });
  const set = create(FileDescriptorSetSchema, { file: [...files.values()] });
  const registry = createFileRegistry(set);
  return names.flatMap((name) =>
    (registry.getService(name) as DescService).methods.map((rpc) => ({
      rpc,
      decision: decisionOf(rpc),
    })),
  );
}

/** Method and path of a rule and of those beside it. */
function bindingsOf({ pattern, additionalBindings }: HttpRule): [method: string, path: string][] {
  const { case: verb, value } = pattern;
  const own: [string, string][] =
    verb === undefined
      ? []
      : verb === "custom"
        ? [[pattern.value.kind, pattern.value.path]]
        : [[verb.toUpperCase(), value as string]];
  return [...own, ...additionalBindings.flatMap(bindingsOf)];
}

/** Every REST binding of the public services. */
export function restRoutes(): HttpRoute[] {
  return restServices.flatMap(({ methods }) =>
    methods.flatMap((rpc) =>
      bindingsOf(getOption(rpc, http)).map(([method, template]) => ({
        ...{ surface: "rest", method, template },
        decision: decisionOf(rpc),
        isSocket: rpc.methodKind !== "unary" && !methodFacts(rpc).takesPieces,
      })),
    ),
  );
}

const { method: inference } = GRPCInferenceService;

/** What a path of a vendor's or model server's API calls. A path that is not here is one without a decision. */
const procedures: Readonly<Record<string, DescMethod>> = {
  "/v1/chat/completions": ChatService.method.chat,
  "/v1/responses": ChatService.method.chat,
  "/v1/messages": ChatService.method.chat,
  "/v1/messages/count_tokens": ChatService.method.countTokens,
  "/v1/embeddings": EmbeddingsService.method.embed,
  "/v1/models": ModelsService.method.listModels,
  "/v1/models/{model}": ModelsService.method.getModel,
  "/v1/models/{model}:generateContent": ChatService.method.chat,
  "/v1/models/{model}:streamGenerateContent": ChatService.method.chat,
  "/v1/models/{model}:countTokens": ChatService.method.countTokens,
  "/v1/models/{model}:embedContent": EmbeddingsService.method.embed,
  "/v1/models/{model}:batchEmbedContents": EmbeddingsService.method.embed,
  "/v2": inference.serverMetadata,
  "/v2/": inference.serverMetadata,
  "/v2/health/live": inference.serverLive,
  "/v2/health/ready": inference.serverReady,
  "/v2/models/stats": inference.modelStatistics,
  "/v2/repository/index": inference.repositoryIndex,
  "/v2/models/{model}": inference.modelMetadata,
  "/v2/models/{model}/ready": inference.modelReady,
  "/v2/models/{model}/config": inference.modelConfig,
  "/v2/models/{model}/stats": inference.modelStatistics,
  "/v2/models/{model}/infer": inference.modelInfer,
  "/v2/repository/models/{model}/load": inference.repositoryModelLoad,
  "/v2/repository/models/{model}/unload": inference.repositoryModelUnload,
  "/v1/models/{model}/metadata": inference.modelMetadata,
  "/v1/models/{model}:predict": inference.modelInfer,
  "/v1/models/{model}:classify": inference.modelInfer,
  "/v1/models/{model}:regress": inference.modelInfer,
  ...Object.fromEntries(operations.map(({ template }) => [template, RelayService.method.relay])),
};

function surfaceRoute(surface: string, method: string, template: string): HttpRoute {
  // A version of the API, and one of a model, change nothing in who may call.
  const procedure =
    procedures[template.replace("/v1beta/", "/v1/").replace(/\/(versions|labels)\/\{\w+\}/, "")];
  return {
    ...{ surface, method, template },
    decision: procedure && decisionOf(procedure),
    isSocket: template === responsesPath,
  };
}

/** Every path of vendors' and model servers' APIs. */
export function surfaceRoutes(): HttpRoute[] {
  return [
    ...llmTemplates().map(({ surface, method, template }) =>
      surfaceRoute(surface, method, template),
    ),
    surfaceRoute("oip", "GET", "/v2/"),
    ...oipTemplates().map(({ method, template }) => surfaceRoute("oip", method, template)),
    ...tfTemplates().map(({ method, template }) => surfaceRoute("tfserving", method, template)),
  ];
}

/** Pages tell nothing that a caller would need a key for; each is public by being in their table. */
export function pageRoutes(): HttpRoute[] {
  const all = [...pages, "/metrics"].map((template) => ({
    ...{ surface: "pages", method: "GET", template },
    decision: "public" as const,
  }));
  // What Anthropic's client asks to know whether anybody is there.
  const hello = { surface: "anthropic", method: "HEAD", template: "/api/hello" };
  return [...all, { ...hello, decision: "public" }];
}
