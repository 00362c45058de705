/** The surfaces that a listener may serve: the name of each, and the fixed paths that it serves. */

import { getOption } from "@bufbuild/protobuf";
import { http } from "#gen/google/api/annotations_pb.js";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { llmPaths, llmTemplates } from "#surfaces/llm-paths.ts";
import { oipPaths, oipTemplates } from "#surfaces/oip-paths.ts";
import { tfTemplates } from "#surfaces/tfserving-paths.ts";
import { publicServices, restServices } from "./public-services.ts";

/** Names, as `serves` lists them; in display order. */
export const surfaceNames = [
  "rpc",
  "rest",
  "openai",
  "anthropic",
  "gemini",
  "oip",
  "tfserving",
  "portal",
  "admin",
  "metrics",
] as const;

/** One of them. */
export type SurfaceName = (typeof surfaceNames)[number];

/** Paths of a rule that have no variable. */
function pathsOf({ pattern, additionalBindings }: HttpRule): string[] {
  const path = pattern.case === "custom" ? pattern.value.path : pattern.value;
  const own = path === undefined || path.includes("{") ? [] : [path];
  return [...own, ...additionalBindings.flatMap(pathsOf)];
}

/** Paths of pages, which anybody may read; what is beneath /docs/ and /portal/ is one, too. */
export const pages: readonly string[] = [
  "/",
  "/livez",
  "/readyz",
  "/status",
  "/docs",
  "/openapi.json",
  "/favicon.ico",
  "/favicon.svg",
];

/** The fixed paths of each; those of the metrics page are a setting. */
const pathsBySurface: Readonly<Record<SurfaceName, () => readonly string[]>> = {
  rpc: () =>
    publicServices.flatMap(({ typeName, methods }) =>
      methods.map(({ name }) => `/${typeName}/${name}`),
    ),
  rest: () =>
    restServices.flatMap(({ methods }) =>
      methods.flatMap((method) => pathsOf(getOption(method, http))),
    ),
  openai: () => llmPaths("openai"),
  anthropic: () => llmPaths("anthropic"),
  gemini: () => llmPaths("gemini"),
  oip: () => [...oipPaths.keys()],
  // All of them have a model's name within.
  tfserving: () => [],
  portal: () => ["/portal", "/monitoring"],
  metrics: () => [],
  // Its methods are among those of rpc and rest.
  admin: () => [],
};

/**
 * Names by which calls go, as rules for some of them match these: procedures with `/` before them, and
 * templates of vendors' and model servers' paths. Those of REST are the router's.
 */
export function callNames(): readonly string[] {
  const procedures = [
    ...restServices,
    ServerReflection,
    ServerReflectionAlpha,
    RelayService,
  ].flatMap(({ typeName, methods }) => methods.map(({ name }) => `/${typeName}/${name}`));
  const paths = [...llmTemplates(), ...oipTemplates(), ...tfTemplates()];
  return [...procedures, ...paths.map(({ template }) => template)];
}

/** Whether a page is served at this path, before every surface. */
export function isPage(path: string): boolean {
  return pages.includes(path) || path.startsWith("/docs/") || path.startsWith("/portal/");
}

/** Whether a page or any surface has this path: what is put there would hide another response, or be hidden. */
export function isReserved(path: string): boolean {
  return isPage(path) || surfaceNames.some((name) => pathsBySurface[name]().includes(path));
}
