/** Metadata of calls: header fields that are made into objects only when somebody looks at them. */

import { appended } from "#core/appended.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import { isFieldValue } from "#http/field-text.ts";

/** Fields to send in this order; names in lower case, one entry per value. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** Where fields come from until somebody changes them. */
export interface FieldSource {
  header(name: string): string | undefined;
  headers(): Iterable<readonly [name: string, value: string]>;
}

const namePattern = /^[\w!#$%&'*+.^`|~-]+$/;

/** A name in lower case. Throws TypeError for what is none. */
const checkedName = memoizeByString((name) => {
  if (!namePattern.test(name)) throw new TypeError(`"${name}" is not a field name`);
  return name.toLowerCase();
});

function checkedValue(name: string, value: string): string {
  const text = String(value).trim();
  if (!isFieldValue(text)) throw new TypeError(`${name}: not a field value`);
  return text;
}

/** A field with one value. */
type Field = FieldList[number];

/** Where the first field of a name stands; -1: nowhere. */
function placeOf(fields: FieldList, key: string): number {
  for (let place = 0; place < fields.length; place += 1) {
    if (fields[place]?.[0] === key) return place;
  }
  return -1;
}

/** What stands between values given as one: cookies that HTTP/2 sends apart read as HTTP/1.1 sends them (RFC 9113, 8.2.3). */
function separatorOf(name: string): string {
  return name === "cookie" ? "; " : ", ";
}

/**
 * The Headers interface over a request's fields or over none. Reading a field costs a look-up;
 * a list of its own is made at the first change. Fields stay in their order, values apart; there
 * are few, so that searching them costs less than a map.
 */
export class Metadata implements Headers {
  readonly #source: FieldSource | undefined;
  #fields: Field[] | undefined;

  constructor(source?: FieldSource) {
    this.#source = source;
  }

  /** No one has put a field in, and none came in. */
  get isEmpty(): boolean {
    return this.#source === undefined && (this.#fields === undefined || this.#fields.length === 0);
  }

  append(name: string, value: string): void {
    const key = checkedName(name);
    const field: Field = [key, checkedValue(key, value)];
    this.#fields = appended(this.#ownIfAny(), field);
  }

  delete(name: string): void {
    const key = name.toLowerCase();
    this.#fields = this.#own().filter(([other]) => other !== key);
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    if (this.#fields === undefined) return this.#source?.header(key) ?? null;
    let found: string | null = null;
    // By place: taking fields apart costs more than all else here.
    for (const field of this.#fields) {
      if (field[0] !== key) continue;
      found = found === null ? field[1] : found + separatorOf(key) + field[1];
    }
    return found;
  }

  getSetCookie(): string[] {
    return this.#own().flatMap(([name, value]) => (name === "set-cookie" ? [value] : []));
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** The first of the field's values is replaced where it stands, the others are dropped. */
  set(name: string, value: string): void {
    const key = checkedName(name);
    const field: Field = [key, checkedValue(key, value)];
    const fields = this.#ownIfAny();
    const first = fields === undefined ? -1 : placeOf(fields, key);
    if (fields === undefined || first === -1) {
      this.#fields = appended(fields, field);
      return;
    }
    this.#fields = fields.flatMap((other, index) => {
      if (other[0] !== key) return [other];
      return index === first ? [field] : [];
    });
  }

  forEach(visit: (value: string, key: string, parent: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this.entries()) visit.call(thisArg, value, name, this);
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const [name] of this.entries()) yield name;
    return undefined;
  }

  *values(): Generator<string, undefined, unknown> {
    for (const [, value] of this.entries()) yield value;
    return undefined;
  }

  /** Values of a name as one, but cookies to set, which are never joined. */
  *entries(): Generator<[string, string], undefined, unknown> {
    for (const [name, values] of Map.groupBy(this.#own(), ([key]) => key)) {
      const texts = values.map(([, value]) => value);
      if (name === "set-cookie") for (const text of texts) yield [name, text];
      else yield [name, texts.join(separatorOf(name))];
    }
    return undefined;
  }

  [Symbol.iterator](): Generator<[string, string], undefined, unknown> {
    return this.entries();
  }

  /** Every value by itself. */
  fields(): FieldList {
    return this.#own();
  }

  #own(): Field[] {
    this.#fields ??= [...(this.#source?.headers() ?? [])];
    return this.#fields;
  }

  /** The same; undefined where nothing came in and nothing was put in. */
  #ownIfAny(): Field[] | undefined {
    return this.#source === undefined ? this.#fields : this.#own();
  }
}

/** Fields that belong to one connection or to the body that came with them. */
const notMetadata: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "server",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const protocolPrefixes = ["grpc-", "connect-", ":"];

/** Whether a field may be sent as a call's metadata: those of protocol and connection may not. */
export const isMetadata: (name: string) => boolean = memoizeByString(
  (name) => !notMetadata.has(name) && !protocolPrefixes.some((prefix) => name.startsWith(prefix)),
);

const none: FieldList = [];

/** Metadata of a response as fields to send, with `prefix` before their names. */
export function metadataFields(metadata: Headers, prefix = ""): FieldList {
  if (metadata instanceof Metadata && metadata.isEmpty) return none;
  const all = metadata instanceof Metadata ? metadata.fields() : [...metadata];
  const sent = all.filter((field) => isMetadata(field[0]));
  return prefix === "" ? sent : sent.map(([name, value]) => [prefix + name, value]);
}
