/** A JSON object of a client, read field by field: what does not fit is refused with its place. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

/** An object as JSON.parse makes it. */
export type Json = { readonly [name: string]: unknown };

/** The refusal of a parameter: `param` is its place, such as `messages[0].role`. */
export function parameterInvalid(param: string, description: string): ConnectError {
  return fault("PARAMETER_INVALID", param === "" ? description : `${param}: ${description}`, {
    fields: [{ field: param, description }],
    metadata: { param },
  });
}

/** Whether a value is an object that is neither null nor a list. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields of an object. A field that is null counts as absent. Every getter remembers the
 * field that it was asked for, so that `unread` lists what no one knows.
 */
export class JsonObject {
  readonly value: Json;
  /** Place in the body; empty for the body itself. */
  readonly path: string;
  readonly #known = new Set<string>();
  /** Its own objects by name, as far as they were asked for; absent while none was. */
  #inner: Map<string, JsonObject> | undefined;
  /** The same for its lists of objects. */
  #listed: Map<string, JsonObject[]> | undefined;

  constructor(value: unknown, path = "") {
    if (!isObject(value)) throw parameterInvalid(path, "expected an object");
    this.value = value;
    this.path = path;
  }

  /** The place of a field. */
  at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  /** The refusal of a field. */
  invalid(name: string, description: string): ConnectError {
    return parameterInvalid(this.at(name), description);
  }

  /** A field as it came; undefined when it is absent or null. */
  raw(name: string): unknown {
    // Fields of the prototype, such as `constructor`, are no one's.
    if (!Object.hasOwn(this.value, name)) return undefined;
    this.#known.add(name);
    return this.value[name] ?? undefined;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === "string") return value;
    throw this.invalid(name, "expected text");
  }

  /** Text that must be there. */
  needText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.invalid(name, "is required");
    return value;
  }

  number(
    name: string,
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
  ): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value >= min && value <= max) return value;
    const bounds = Number.isFinite(min) && Number.isFinite(max) ? ` from ${min} to ${max}` : "";
    throw this.invalid(name, `expected a number${bounds}`);
  }

  integer(name: string, min: number, max = 0x7fff_ffff): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    throw this.invalid(name, `expected an integer from ${min} to ${max}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.invalid(name, "expected true or false");
  }

  /** One of several words. */
  word<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const word = words.find((known) => known === value);
    if (word === undefined) throw this.invalid(name, `expected one of ${words.join(", ")}`);
    return word;
  }

  /** One of several words; another one counts as a field that nobody knows. */
  knownWord<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.text(name);
    const word = words.find((known) => known === value);
    if (word === undefined) this.leaveUnread(name);
    return word;
  }

  /** One of several words in capitals, which clients may write in small letters, too. */
  anyCaseWord<const W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.text(name)?.toUpperCase();
    if (value === undefined) return undefined;
    const word = words.find((known) => known === value);
    if (word === undefined) throw this.invalid(name, `expected one of ${words.join(", ")}`);
    return word;
  }

  object(name: string): JsonObject | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const known = this.#inner?.get(name);
    if (known !== undefined) return known;
    const inner = this.child(value, this.at(name));
    this.#inner ??= new Map();
    this.#inner.set(name, inner);
    return inner;
  }

  /** An object among this one's fields, which is read as this one is. */
  protected child(value: unknown, path: string): JsonObject {
    return new JsonObject(value, path);
  }

  /** The elements of a list; undefined when it is absent. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.raw(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.invalid(name, "expected a list");
  }

  /** The elements of a list of objects; none when it is absent. */
  objects(name: string): JsonObject[] {
    const list = this.list(name) ?? [];
    const known = this.#listed?.get(name);
    if (known !== undefined) return known;
    const place = this.at(name);
    const objects = list.map((element, index) => this.child(element, `${place}[${index}]`));
    if (objects.length > 0) {
      this.#listed ??= new Map();
      this.#listed.set(name, objects);
    }
    return objects;
  }

  /** The elements of a list of texts; undefined when it is absent. */
  texts(name: string): string[] | undefined {
    return this.list(name)?.map((element, index) => {
      if (typeof element === "string") return element;
      throw parameterInvalid(`${this.at(name)}[${index}]`, "expected text");
    });
  }

  /** The object's fields as texts. */
  textMap(name: string): Record<string, string> {
    const value = this.raw(name);
    if (value === undefined) return {};
    if (!isObject(value)) throw this.invalid(name, "expected an object");
    for (const [key, entry] of Object.entries(value)) {
      if (typeof entry !== "string") throw this.invalid(`${name}.${key}`, "expected text");
    }
    return value as Record<string, string>;
  }

  /** A field as JSON text; undefined when it is absent. */
  json(name: string): string | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : JSON.stringify(value);
  }

  /** All of it as JSON text, in which nothing is unknown. */
  whole(): string {
    this.ignore(...Object.keys(this.value));
    return JSON.stringify(this.value);
  }

  /** Counts a field as one that nobody knows, whoever asked for it. */
  leaveUnread(name: string): void {
    this.#known.delete(name);
  }

  /** Marks fields as known that are passed over on purpose. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /**
   * Fields that say something and that no one asked for, with their places; those of objects within
   * it, too. Of places that differ in numbers alone the first.
   */
  unread(): string[] {
    const places: string[] = [];
    this.#addUnread(places);
    return places.length < 2 ? places : firstOfEach(places);
  }

  #addUnread(places: string[]): void {
    for (const name of Object.keys(this.value)) {
      if (!this.#known.has(name) && !isSilent(this.value[name])) places.push(this.at(name));
    }
    if (this.#inner !== undefined) {
      for (const one of this.#inner.values()) one.#addUnread(places);
    }
    if (this.#listed === undefined) return;
    for (const objects of this.#listed.values()) for (const one of objects) one.#addUnread(places);
  }
}

/** Null and an empty list say nothing. */
function isSilent(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** Of places that differ in numbers alone the first. */
function firstOfEach(places: readonly string[]): string[] {
  const first = new Map<string, string>();
  for (const place of places) {
    const kind = place.replaceAll(/\[\d+\]/g, "[]");
    if (!first.has(kind)) first.set(kind, place);
  }
  return [...first.values()];
}
