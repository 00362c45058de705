/** Which call of the Open Inference Protocol's REST a path means. Pure. */

/** Last words of a model's path, where it has one. */
export const oipParts = ["ready", "config", "stats", "infer"] as const;

/** What a path of a model asks for. */
export type OipModelPart = "metadata" | (typeof oipParts)[number];

/** What a path means. */
export type OipEndpoint = { readonly template: string; readonly method: "GET" | "POST" } & (
  | { readonly kind: "server" | "live" | "ready" | "index" }
  | { readonly kind: "stats" }
  | {
      readonly kind: "model";
      readonly part: OipModelPart;
      readonly name: string;
      /** Empty where the path names none. */
      readonly version: string;
    }
  | { readonly kind: "load" | "unload"; readonly name: string }
);

/** Paths without a variable. */
export const oipPaths: ReadonlyMap<string, OipEndpoint> = new Map<string, OipEndpoint>([
  ["/v2", { kind: "server", method: "GET", template: "/v2" }],
  ["/v2/", { kind: "server", method: "GET", template: "/v2" }],
  ["/v2/health/live", { kind: "live", method: "GET", template: "/v2/health/live" }],
  ["/v2/health/ready", { kind: "ready", method: "GET", template: "/v2/health/ready" }],
  ["/v2/models/stats", { kind: "stats", method: "GET", template: "/v2/models/stats" }],
  ["/v2/repository/index", { kind: "index", method: "POST", template: "/v2/repository/index" }],
]);

/** Every template by which a call of this protocol goes. */
export function oipTemplates(): readonly Pick<OipEndpoint, "method" | "template">[] {
  const model = "/v2/models/{model}";
  const fixed = new Map([...oipPaths.values()].map((endpoint) => [endpoint.template, endpoint]));
  return [
    ...fixed.values(),
    ...[model, `${model}/versions/{version}`].flatMap((of) =>
      ["", ...oipParts].map((part) => ({
        method: methodOf(part),
        template: part === "" ? of : `${of}/${part}`,
      })),
    ),
    ...["load", "unload"].map((verb) => ({
      method: "POST" as const,
      template: `/v2/repository/models/{model}/${verb}`,
    })),
  ];
}

function methodOf(part: string): "GET" | "POST" {
  return part === "infer" ? "POST" : "GET";
}

/** A segment or several as they are meant; undefined where they are no UTF-8 or badly escaped. */
export function decodedPath(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const parts = new Set<string>(oipParts);
const modelPrefix = "/v2/models/";
const repositoryPath = /^\/v2\/repository\/models\/(.+)\/(load|unload)$/;
const versionSuffix = /^(.+)\/versions\/([^/]+)$/;

function modelEndpoint(rest: string): OipEndpoint | undefined {
  const slash = rest.lastIndexOf("/");
  const last = rest.slice(slash + 1);
  const hasPart = slash > 0 && parts.has(last);
  const part = (hasPart ? last : "metadata") as OipModelPart;
  const named = hasPart ? rest.slice(0, slash) : rest;
  const [, model = named, version = ""] = versionSuffix.exec(named) ?? [];
  const name = decodedPath(model);
  const number = decodedPath(version);
  if (name === undefined || number === undefined || name === "") return undefined;
  const versions = version === "" ? "" : "/versions/{version}";
  const template = `/v2/models/{model}${versions}${hasPart ? `/${part}` : ""}`;
  return { kind: "model", part, name, version: number, template, method: methodOf(part) };
}

/** What `path` means; undefined for a path of no one. Names of models may have slashes, raw or escaped. */
export function oipEndpointOf(path: string): OipEndpoint | undefined {
  const fixed = oipPaths.get(path);
  if (fixed !== undefined) return fixed;
  if (path.startsWith(modelPrefix)) return modelEndpoint(path.slice(modelPrefix.length));
  const [, model, verb] = repositoryPath.exec(path) ?? [];
  const name = model === undefined ? undefined : decodedPath(model);
  if (name === undefined) return undefined;
  const kind = verb === "load" ? "load" : "unload";
  return { kind, name, method: "POST", template: `/v2/repository/models/{model}/${kind}` };
}
