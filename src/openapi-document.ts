/** The public API's OpenAPI document: its title, its examples, its credentials. */

import { readFileSync } from "node:fs";
import { type DescMethod, fromBinary, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { packageFile } from "#core/package-file.ts";
import { atOnce, inTurns, type Turns, turns } from "#core/turns.ts";
import { packageVersion } from "#core/version.ts";
import {
  type Access,
  accessAt,
  type CredentialKind,
  type ListenerAccess,
} from "#identity/access.ts";
import { methodFacts } from "#interceptors/method-facts.ts";
import { procedureOf } from "#interceptors/outcome.ts";
import { type Comments, commentsOf } from "#rest/comments.ts";
import { type OpenApiOptions, openApiSteps } from "#rest/openapi.ts";
import type { RequestExamples } from "#rest/openapi-operation.ts";
import { methodExtras } from "./method-extras.ts";
import { restServices, servedOf } from "./public-services.ts";

const description =
  "One port in front of every AI backend. These are its REST bindings; the same services speak " +
  "gRPC, gRPC-Web and Connect. An error of any of them names its reason in `error.code`.";

/** How callers may send their key or token; either will do. */
const securitySchemes: Readonly<Record<string, JsonObject>> = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A key or a token, as `Authorization: Bearer`.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same." },
};

/** How users send their name and password. */
const passwordScheme: Readonly<Record<string, JsonObject>> = {
  basic: { type: "http", scheme: "basic", description: "Name and password of a user." },
};

/** How whoever has a client certificate is known. */
const certificateScheme: Readonly<Record<string, JsonObject>> = {
  certificate: { type: "mutualTLS", description: "A client certificate that is known here." },
};

/** The schemes by which credentials of these kinds are sent. */
function schemesOf(accepts: readonly CredentialKind[]): Readonly<Record<string, JsonObject>> {
  return {
    ...(accepts.includes("key") || accepts.includes("token") ? securitySchemes : {}),
    ...(accepts.includes("password") ? passwordScheme : {}),
    ...(accepts.includes("certificate") ? certificateScheme : {}),
  };
}

/** What a call needs, in OpenAPI's words: one of these. */
function requirementsOf({ accepts, requiresCertificate, isPublic }: Access): JsonObject[] {
  const besides: JsonObject = requiresCertificate ? { certificate: [] } : {};
  const each = Object.keys(schemesOf(accepts)).map((name) => ({ [name]: [], ...besides }));
  return isPublic ? [besides, ...each] : each;
}

/** What the calls of a route need, where its listener has rules for it. */
function securityOn(access: ListenerAccess) {
  return (method: DescMethod, path: string): readonly JsonObject[] | undefined => {
    const own = accessAt(access, [`/${procedureOf(method)}`, path]);
    if (own === access) return undefined;
    const isPublic = own.isPublic && methodFacts(method).requiredScope === "";
    return requirementsOf({ ...own, isPublic });
  };
}

/** Requests that answer something on a gateway without any configuration; vectors and counts need a provider. */
const question = { message: "what is 12*7?", use_tools: true };
const examples = (): RequestExamples => ({
  "polygate.v1.ChatService.Chat": question,
  "polygate.v1.ChatService.StreamChat": question,
  "polygate.v1.ChatService.Query": { query: "what is 6*7?" },
  "polygate.v1.ChatService.CountTokens": { message: "what is 12*7?" },
  "polygate.v1.EmbeddingsService.Embed": {
    model: "text-embedding-3-small",
    inputs: [{ text: "what is 12*7?" }],
  },
  "polygate.v1.PredictService.Predict": { model: "digits", file: exampleImage(), top_k: 3 },
  "polygate.v1.ModelsService.GetModel": { model: "digits" },
  "polygate.v1.ModelsService.LoadModel": { model: "digits" },
  "polygate.v1.ModelsService.UnloadModel": { model: "digits" },
  "polygate.v1.ModelsService.ReloadModel": { model: "digits" },
  "polygate.v1.StatsService.GetPerformance": { hours: 24 },
  "polygate.v1.StatsService.GetHistory": { hours: 1 },
  "polygate.v1.StatsService.GetForecast": { hours: 24 },
  "polygate.v1.RoutingService.SelectProvider": { model_type: "chat" },
  "polygate.v1.RoutingService.AdjustLoad": { provider: "embedded", action: "increment" },
  "polygate.v1.RequestsService.GetRequest": { request_id: "the-id-in-x-request-id" },
  "polygate.v1.BackendsService.DrainBackend": { backend: "embedded" },
  "polygate.v1.BackendsService.ResumeBackend": { backend: "embedded" },
  "polygate.v1.BackendsService.ResetBackend": { backend: "embedded" },
  "polygate.v1.ConfigService.GetConfig": { path_prefix: "gateway." },
  "polygate.v1.KeysService.GetKey": { key: "somebody" },
  "polygate.v1.KeysService.CreateKey": { key: { name: "somebody" } },
  "polygate.v1.KeysService.UpdateKey": { id: "somebody", key: { scopes: ["route"] } },
  "polygate.v1.KeysService.RotateKey": { key: "somebody" },
  "polygate.v1.KeysService.RevokeKey": { key: "somebody" },
  "polygate.v1.LimitsService.GetLimit": { tier: "principal", name: "key:somebody" },
  "polygate.v1.LimitsService.ResetLimit": { tier: "principal", name: "key:somebody" },
});

/** A digit that ships with the package, in base64: small enough to be read in the document. */
function exampleImage(): string {
  return readFileSync(packageFile("models/digits/examples/7.png"), "base64");
}

/** What a caller needs for a method of this scope, for people who read the document. */
function needOf(scope: string, { access: { enabled, anonymousScopes } }: DocumentFacts): string {
  if (!enabled && anonymousScopes.includes(scope)) return "";
  if (enabled) return ` Needs a key that has the scope \`${scope}\`.`;
  return (
    ` Closed while the gateway has no keys: it needs the scope \`${scope}\`. Set \`API_KEY\` ` +
    `and send that key, or open it to everybody with \`auth.anonymous_scopes: [${scope}]\`.`
  );
}

/** The comments of the public protos, which generated code leaves out, and what callers need. */
function* publicComments(facts: DocumentFacts): Generator<void, Comments> {
  const image = readFileSync(packageFile("gen/comments.binpb"));
  const { file } = fromBinary(FileDescriptorSetSchema, image);
  yield;
  const comments = new Map(commentsOf(file));
  yield;
  for (const method of restServices.flatMap(({ methods }) => methods)) {
    const { requiredScope } = methodFacts(method);
    if (requiredScope === "") continue;
    const name = `${method.parent.typeName}.${method.name}`;
    comments.set(name, (comments.get(name) ?? "") + needOf(requiredScope, facts));
  }
  return comments;
}

/** What the document reports. */
export interface DocumentFacts {
  /** What is asked of callers where it is served. */
  readonly access: ListenerAccess;
  /** Whether files may be uploaded. */
  readonly takesUploads: boolean;
  /** What needs the scope admin is not served there. */
  readonly leavesOutAdmin?: boolean;
  /** As the transcoder has them. */
  readonly rest: Pick<OpenApiOptions, "rules" | "json" | "jsonByMethod">;
}

/** The document. Throws for rules that cannot be. */
export function openApiDocument(facts: DocumentFacts): JsonObject {
  return atOnce(documentSteps(facts));
}

/** The same while others are served: it takes a tenth of a second. Rejects for rules that cannot be. */
export function openApiDocumentInTurns(
  facts: DocumentFacts,
  shared: Turns = turns,
): Promise<JsonObject> {
  return inTurns(documentSteps(facts), shared);
}

function* documentSteps(facts: DocumentFacts): Generator<void, JsonObject> {
  const { access, rest } = facts;
  const kinds: readonly CredentialKind[] = access.requiresCertificate
    ? [...access.accepts, "certificate"]
    : access.accepts;
  const { rules = [], json = {}, jsonByMethod = {} } = rest;
  const comments = yield* publicComments(facts);
  return yield* openApiSteps(servedOf(restServices, facts), {
    title: "Polygate",
    version: packageVersion,
    description,
    comments,
    examples: examples(),
    ...(facts.leavesOutAdmin === true && {
      isServed: (method) => methodFacts(method).requiredScope !== "admin",
    }),
    isPublic: (method) => methodFacts(method).isPublic,
    rules,
    extrasOf: methodExtras,
    json,
    jsonByMethod,
    ...(access.enabled && {
      securitySchemes: schemesOf([
        ...kinds,
        ...access.routes.flatMap(({ requiresCertificate }) =>
          requiresCertificate ? (["certificate"] as const) : [],
        ),
      ]),
      security: requirementsOf(access),
      securityOf: securityOn(access),
    }),
  });
}
