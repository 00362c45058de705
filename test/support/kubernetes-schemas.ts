/**
 * Writes the JSON Schemas that manifests are checked against: `node test/support/kubernetes-schemas.ts
 * SWAGGER CRDS TARGET`, with Kubernetes' swagger.json and a folder of CustomResourceDefinitions. One
 * file for each kind and version, named as kubeconform looks for them; unknown keys are refused.
 */

import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** As much of a JSON Schema as is changed here. */
interface Schema {
  [key: string]: unknown;
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface ResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** What Kubernetes writes as a string and takes as a number, too. */
const numberOrString = { oneOf: [{ type: "string" }, { type: "number" }] };
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/** The schema with every object closed that names its properties. */
function strict(written: unknown): unknown {
  if (Array.isArray(written)) return written.map(strict);
  if (typeof written !== "object" || written === null) return written;
  const schema = written as Schema;
  if (schema.format === "int-or-string" || schema["x-kubernetes-int-or-string"] === true) {
    return numberOrString;
  }
  const closed = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, strict(value)]),
  );
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const named = schema.properties;
  if (named === undefined || isOpen || "$ref" in named || "additionalProperties" in schema) {
    return closed;
  }
  return { ...closed, additionalProperties: false };
}

/** `deployment-apps-v1`: how kubeconform spells a kind. */
function fileOf({ group, version, kind }: Kind): string {
  const [shortGroup = ""] = group.split(".");
  return [kind, ...(group === "" ? [] : [shortGroup]), version].join("-").toLowerCase();
}

const [swagger = "", resourceFolder = "", target = ""] = process.argv.slice(2);
mkdirSync(target, { recursive: true });
const write = (name: string, schema: unknown) =>
  writeFileSync(join(target, `${name}.json`), JSON.stringify(schema));

const { definitions } = JSON.parse(readFileSync(swagger, "utf8")) as {
  definitions: Record<string, Schema>;
};
write("_definitions", {
  definitions: { ...(strict(definitions) as object), [quantity]: numberOrString },
});
for (const [name, definition] of Object.entries(definitions)) {
  const kinds = (definition["x-kubernetes-group-version-kind"] ?? []) as readonly Kind[];
  const [first, ...others] = kinds;
  // Those of several groups, such as DeleteOptions, are no objects that a manifest holds.
  if (first === undefined || others.length > 0) continue;
  write(fileOf(first), { $ref: `_definitions.json#/definitions/${name}` });
}
const metadata = {
  $ref: "_definitions.json#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
};
for (const path of globSync(join(resourceFolder, "*.yaml"))) {
  const { spec } = parse(readFileSync(path, "utf8")) as ResourceDefinition;
  for (const { name: version, schema } of spec.versions) {
    const { openAPIV3Schema: written } = schema;
    const whole = strict({ ...written, properties: { ...written.properties, metadata } });
    write(fileOf({ group: spec.group, version, kind: spec.names.kind }), whole);
  }
}
