/** The schemas of one document, each in the JSON of the methods that use it. */

import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { Comments } from "./comments.ts";
import type { JsonByMethod, JsonOptions } from "./json.ts";
import { SchemaCollector } from "./openapi-schema.ts";
import { nameOf } from "./route.ts";

/** How a schema's name says that its JSON is not that of most methods; empty when it is. */
function suffixOf(own: JsonOptions, shared: JsonOptions): string {
  const { names = "proto", enumsAsNumbers = false } = own;
  const otherNames = names !== (shared.names ?? "proto");
  const otherEnums = enumsAsNumbers !== (shared.enumsAsNumbers ?? false);
  const enums = enumsAsNumbers ? "enum_numbers" : "enum_names";
  return (otherNames ? `-${names}_names` : "") + (otherEnums ? `-${enums}` : "");
}

/** A collector for every way in which methods write JSON. */
export class SchemaVariants {
  /** By name; grows while schemas are asked for. */
  readonly schemas: Record<string, JsonObject> = {};
  readonly #collectors = new Map<string, SchemaCollector>();
  readonly #comments: Comments;
  readonly #json: JsonOptions;
  readonly #jsonByMethod: JsonByMethod;

  constructor(comments: Comments, json: JsonOptions, jsonByMethod: JsonByMethod) {
    this.#comments = comments;
    this.#json = json;
    this.#jsonByMethod = jsonByMethod;
  }

  /** The collector of a method's schemas. */
  of(method: DescMethod): SchemaCollector {
    const json = { ...this.#json, ...this.#jsonByMethod[nameOf(method)] };
    const suffix = suffixOf(json, this.#json);
    let collector = this.#collectors.get(suffix);
    if (collector === undefined) {
      const { schemas } = this;
      collector = new SchemaCollector({ comments: this.#comments, json, suffix, schemas });
      this.#collectors.set(suffix, collector);
    }
    return collector;
  }
}
