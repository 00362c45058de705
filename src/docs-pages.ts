/** What REST can do, for programs and for people: /openapi.json and the documentation page. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { type DescService, fromBinary, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { PageAnswer, Pages } from "#exchange/pages.ts";
import { type Comments, commentsOf } from "#rest/comments.ts";
import { createOpenApi } from "#rest/openapi.ts";
import type { RequestExamples } from "#rest/openapi-operation.ts";

/** What is documented. */
export interface DocsFacts {
  readonly services: readonly DescService[];
  readonly version: string;
  /** Whether callers need a credential. */
  readonly authenticates: boolean;
}

const description =
  "One port in front of every AI backend. These are its REST bindings; the same services speak " +
  "gRPC, gRPC-Web and Connect. An error of any of them names its reason in `error.code`.";

/** How callers may send their key; either will do. */
const securitySchemes: Readonly<Record<string, JsonObject>> = {
  bearer: { type: "http", scheme: "bearer", description: "A key, as `Authorization: Bearer`." },
  apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same key." },
};

/** Requests that answer something on a gateway without any configuration. */
const question = { message: "what is 12*7?", use_tools: true };
const examples: RequestExamples = {
  "polygate.v1.ChatService.Chat": question,
  "polygate.v1.ChatService.StreamChat": question,
  "polygate.v1.ChatService.Query": { query: "what is 6*7?" },
  "polygate.v1.PredictService.Predict": { model: "digits", top_k: 3 },
  "polygate.v1.ModelsService.GetModel": { model: "digits" },
  "polygate.v1.ModelsService.LoadModel": { model: "digits" },
  "polygate.v1.ModelsService.UnloadModel": { model: "digits" },
  "polygate.v1.ModelsService.ReloadModel": { model: "digits" },
  "polygate.v1.StatsService.GetPerformance": { hours: 24 },
};

/** The page takes nothing from elsewhere, and may call nothing but this gateway. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A file of the package, which src/ and dist/ stand equally deep in. */
function packageFile(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

/** The comments of the public protos; generated code leaves them out. */
function publicComments(): Comments {
  const bytes = readFileSync(packageFile("gen/comments.binpb"));
  return commentsOf(fromBinary(FileDescriptorSetSchema, bytes).file);
}

/** A page that stays as it is once somebody asked for it; clients may keep it. */
function fixedPage(contentType: string, write: () => string): () => PageAnswer {
  let answer: PageAnswer | undefined;
  return () => {
    if (answer !== undefined) return answer;
    const body = write();
    const headers = {
      etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy,
      "x-content-type-options": "nosniff",
    };
    answer = { status: 200, contentType, body, headers };
    return answer;
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** The files of the documentation page. */
function webPages(): Pages {
  const pages = readdirSync(packageFile("web/docs")).map((name) => {
    const file = packageFile(`web/docs/${name}`);
    const page = fixedPage(contentTypes[extname(name)] ?? "", () => readFileSync(file, "utf8"));
    return [name === "docs.html" ? "/docs" : `/docs/${name}`, page] as const;
  });
  return Object.fromEntries(pages);
}

/** /openapi.json, and the files of /docs. */
export function docsPages({ services, version, authenticates }: DocsFacts): Pages {
  const document = () =>
    createOpenApi(services, {
      title: "Polygate",
      version,
      description,
      comments: publicComments(),
      examples,
      ...(authenticates ? { securitySchemes } : {}),
    });
  return {
    "/openapi.json": fixedPage("application/json", () => JSON.stringify(document())),
    ...webPages(),
  };
}
