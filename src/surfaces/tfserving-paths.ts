/** Which call of TensorFlow Serving's REST a path means. Pure. */

import { decodedPath } from "./oip-paths.ts";

/** What TensorFlow Serving can be asked of a model besides how it is. */
export const tfVerbs = ["predict", "classify", "regress"] as const;

/** What a path means. */
export interface TfEndpoint {
  readonly kind: (typeof tfVerbs)[number] | "status" | "metadata";
  readonly model: string;
  /** Empty where the path names none. */
  readonly version: string;
  readonly label: string;
  /** Nothing but the model's name, which other families' paths have as well. */
  readonly isBare: boolean;
  /** Path template, for logs and metrics. */
  readonly template: string;
}

const prefix = "/v1/models/";
const verbSuffix = new RegExp(`^(.+):(${tfVerbs.join("|")})$`);
const metadataSuffix = /^(.+)\/metadata$/;
const choiceSuffix = /^(.+)\/(versions|labels)\/([^/]+)$/;

/** What is asked of a model, and what names it. */
interface Asked {
  readonly kind: TfEndpoint["kind"];
  readonly named: string;
}

function askedIn(rest: string): Asked {
  const [, called, verb] = verbSuffix.exec(rest) ?? [];
  if (called !== undefined) return { kind: verb as TfEndpoint["kind"], named: called };
  const [, described] = metadataSuffix.exec(rest) ?? [];
  return described === undefined
    ? { kind: "status", named: rest }
    : { kind: "metadata", named: described };
}

function templateOf(kind: TfEndpoint["kind"], by: string | undefined): string {
  const part = by === undefined ? "" : `/${by}/{${by === "labels" ? "label" : "version"}}`;
  if (kind === "status") return `${prefix}{model}${part}`;
  return `${prefix}{model}${part}${kind === "metadata" ? "/metadata" : `:${kind}`}`;
}

/** Every template by which a call of TensorFlow Serving's REST goes, with its method. */
export function tfTemplates(): readonly { readonly method: string; readonly template: string }[] {
  return [undefined, "versions", "labels"].flatMap((by) => [
    { method: "GET", template: templateOf("status", by) },
    { method: "GET", template: templateOf("metadata", by) },
    ...tfVerbs.map((verb) => ({ method: "POST", template: templateOf(verb, by) })),
  ]);
}

/**
 * What `path` means to clients of TensorFlow Serving; undefined for a path of no one. A verb is a known
 * word after the last colon, and names of models may have slashes, raw or escaped.
 */
export function tfEndpointOf(path: string): TfEndpoint | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const { kind, named } = askedIn(path.slice(prefix.length));
  const [, chosen = named, by, choice = ""] = choiceSuffix.exec(named) ?? [];
  const model = decodedPath(chosen);
  const wanted = decodedPath(choice);
  if (model === undefined || wanted === undefined || model === "") return undefined;
  return {
    kind,
    model,
    version: by === "versions" ? wanted : "",
    label: by === "labels" ? wanted : "",
    isBare: kind === "status" && by === undefined,
    template: templateOf(kind, by),
  };
}
