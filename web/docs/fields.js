/** Reads the document's schemas: types and limits in words, lists of fields, bodies to begin with. */

import { element, prose } from "./element.js";

/** The schemas of one document. */
export class Schemas {
  #document;

  constructor(document) {
    this.#document = document;
  }

  /** What a reference points at; anything else as it is. */
  resolve(node) {
    const path = node?.$ref?.split("/").slice(1) ?? [];
    return path.length === 0 ? node : path.reduce((at, key) => at?.[key], this.#document);
  }

  /** The fields of a schema, or of the items of a list or map; undefined when it has none. */
  #fieldsOf(schema) {
    const whole = this.resolve(schema);
    const inner = whole?.items ?? whole?.additionalProperties;
    return inner === undefined ? whole?.properties && whole : this.#fieldsOf(inner);
  }

  typeOf(schema) {
    if (schema.$ref !== undefined) return schema.$ref.split(/[/.]/).at(-1);
    if (schema.enum !== undefined) return schema.enum.map((value) => `"${value}"`).join(" | ");
    if (schema.items !== undefined) return `list of ${this.typeOf(schema.items)}`;
    if (schema.additionalProperties !== undefined) {
      return `map of ${this.typeOf(schema.additionalProperties)}`;
    }
    if (schema.contentEncoding !== undefined) return schema.contentEncoding;
    if (schema.contentMediaType !== undefined) return "file";
    return [schema.format ?? schema.type ?? "any JSON"].flat().join(" or ");
  }

  /** A list of a schema's fields; those with fields of their own open on demand. */
  list(schema) {
    const whole = this.#fieldsOf(schema);
    if (whole === undefined) return element("p", { class: "type" }, this.typeOf(schema));
    const items = Object.entries(whole.properties).map(([name, field]) =>
      this.item(name, field, whole.required?.includes(name)),
    );
    return element("ul", { class: "fields" }, ...items);
  }

  /** One field, or one parameter, as an entry of a list. */
  item(name, schema, isRequired = false, description = schema.description) {
    const item = element(
      "li",
      {},
      element("code", { class: "name" }, name),
      " ",
      element("span", { class: "type" }, this.typeOf(schema)),
      element("span", { class: "limits" }, limitsOf(schema)),
    );
    if (isRequired) item.append(" ", element("span", { class: "required" }, "required"));
    if (description) item.append(element("p", {}, ...prose(description)));
    if (this.#fieldsOf(schema) !== undefined) item.append(this.#opening(schema));
    return item;
  }

  /** Fields are listed when they are asked for: a message may hold itself. */
  #opening(schema) {
    const opening = element("details", {}, element("summary", {}, "fields"));
    opening.addEventListener("toggle", () => opening.append(this.list(schema)), { once: true });
    return opening;
  }

  /** A body to begin with: the example, else the fields that must be there. */
  bodyText({ schema, example }) {
    if (example !== undefined) return JSON.stringify(example, null, 2);
    const { properties = {}, required = [] } = this.resolve(schema);
    const begun = required.map((name) => [name, this.#emptyOf(properties[name])]);
    return JSON.stringify(Object.fromEntries(begun), null, 2);
  }

  #emptyOf(schema) {
    const { type, minimum = 0, enum: [first] = [] } = this.resolve(schema);
    if (first !== undefined) return first;
    const empty = { string: "", integer: minimum, number: minimum, boolean: false, array: [] };
    return empty[type] ?? {};
  }
}

/** A range in words, such as `1 to 64 items`; empty when there is none. */
function range(least, most, unit) {
  if (least === undefined && most === undefined) return [];
  if (most === undefined) return [`at least ${least}${unit}`];
  if (least === undefined) return [`at most ${most}${unit}`];
  return [`${least} to ${most}${unit}`];
}

function limitsOf(schema) {
  const limits = [
    ...range(schema.minimum, schema.maximum, ""),
    ...range(schema.minLength, schema.maxLength, " characters"),
    ...range(schema.minItems, schema.maxItems, " items"),
    ...(schema.pattern === undefined ? [] : [`matches ${schema.pattern}`]),
  ];
  return limits.map((limit) => `, ${limit}`).join("");
}
