/** A JSON object of a provider, read without complaint: what is missing or of another type counts as empty. */

import { isObject, type Json } from "./json-object.ts";

/** Counts are 32-bit everywhere in the canonical form. */
const countMax = 0x7fff_ffff;
const nothing: Json = {};

/** Reads fields of what may be an object. */
export class LooseObject {
  readonly value: Json;
  /** It is an object. */
  readonly exists: boolean;

  constructor(value: unknown) {
    this.exists = isObject(value);
    this.value = isObject(value) ? value : nothing;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.value, name) ? (this.value[name] ?? undefined) : undefined;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  /** Text; empty when there is none. */
  text(name: string): string {
    const value = this.raw(name);
    return typeof value === "string" ? value : "";
  }

  /** A number of tokens or the like; 0 when there is none. */
  count(name: string): number {
    const value = this.raw(name);
    return typeof value === "number" && value > 0 ? Math.min(Math.trunc(value), countMax) : 0;
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    return typeof value === "number" ? value : undefined;
  }

  object(name: string): LooseObject {
    return new LooseObject(this.raw(name));
  }

  /** The objects of a list. */
  objects(name: string): LooseObject[] {
    const value = this.raw(name);
    return Array.isArray(value)
      ? value.filter(isObject).map((entry) => new LooseObject(entry))
      : [];
  }
}
