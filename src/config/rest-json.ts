/** How JSON is read and written: for all methods, for single ones, for a listener. */

import type { DescService } from "@bufbuild/protobuf";
import type { JsonByMethod, JsonOptions } from "#rest/json.ts";
import { nameOf } from "#rest/route.ts";
import { nearest } from "#yaml/nearest.ts";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";

type FileJson = NonNullable<NonNullable<FileConfig["listeners"]>[number]["rest"]>["json"];

/** The options that are set, by the transcoder's names. */
export function jsonOptionsFrom(json: FileJson): JsonOptions {
  const { field_names: names, emit_defaults: emitDefaults, enums, unknown_fields: unknown } = json;
  return {
    ...(names !== undefined && { names }),
    ...(emitDefaults !== undefined && { emitDefaults }),
    ...(enums !== undefined && { enumsAsNumbers: enums === "number" }),
    ...(unknown !== undefined && { ignoreUnknownFields: unknown === "ignore" }),
  };
}

/** Whether a selector, such as `a.B.c` or `a.B.*`, takes a method's full name. */
function selects(selector: string, name: string): boolean {
  return selector.endsWith(".*") ? name.startsWith(selector.slice(0, -1)) : name === selector;
}

function allOf({ typeName }: DescService): string {
  return `${typeName}.*`;
}

/** What methods are selected from. */
export interface JsonContext {
  readonly services: readonly DescService[];
  /** Full names of the methods that REST serves; absent while they are unknown. */
  readonly served: (() => ReadonlySet<string>) | undefined;
}

/** The options per selected method; a later entry overrides an earlier one. */
export function jsonByMethodFrom(
  entries: FileConfig["rest"]["json_by_method"],
  { services, served }: JsonContext,
  report: Report,
): JsonByMethod {
  const names = services.flatMap((service) => service.methods.map(nameOf));
  const byMethod: Record<string, JsonOptions> = {};
  for (const [position, { selector, ...json }] of entries.entries()) {
    const at = ["rest", "json_by_method", position, "selector"];
    const selected = names.filter((name) => selects(selector, name));
    const fitting = served === undefined ? selected : selected.filter((name) => served().has(name));
    if (selected.length === 0) {
      const meant = nearest(selector, [...names, ...services.map(allOf)]);
      report(at, "selects no method", meant && `did you mean ${meant}?`);
    } else if (fitting.length === 0) {
      report(at, "selects no method that REST serves");
    }
    for (const name of fitting) {
      byMethod[name] = { ...byMethod[name], ...jsonOptionsFrom(json) };
    }
  }
  return byMethod;
}
