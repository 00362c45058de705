/** Makes up requests for the transcoder's fuzzing: valid ones, and those with something wrong in them. */

import type { Rng } from "#core/rng.ts";
import type { MemoryRequest } from "./memory-exchange.ts";

const routes = [
  ["POST", "/api/v1/chat"],
  ["POST", "/v1/params"],
  ["PATCH", "/v1/update/{}"],
  ["GET", "/v1/params/{}/{}/{}:go"],
  ["GET", "/count/{}"],
  ["POST", "/collect"],
  ["POST", "/echo/{}"],
  ["POST", "/upload/{}"],
  ["POST", "/store/{}"],
  ["GET", "/download/{}"],
  ["GET", "/v1/deep/{}/**"],
] as const;

const names = [
  ...["double_value", "float_value", "int32_value", "int64Value", "uint64_value", "bool_value"],
  ...["string_value", "bytes_value", "timestamp", "duration", "field_mask", "enum_value"],
  ...["enum_list", "double_list", "nested", "nested.int32_value", "nested.nested.bool_value"],
  ...["labels[a]", "labels[__proto__]", "enums[1]", "durations[true]", "struct_value", "value"],
  ...["choice_text", "choice_number", "choice_nested.bool_value", "text_number", "nested_map"],
  ...["message", "max_tokens", "stream", "text", "number", "name", "content", "attachments"],
  ...["__proto__", "constructor", "toString", "a.b.c", "", "nested.", ".nested", "labels[", "]"],
];

const texts = [
  ...["", "0", "1", "-1", "true", "1e400", "NaN", "9223372036854775808", "18446744073709551616"],
  ...[
    "0x10",
    "1.5",
    "ENUM_VALUE",
    "a",
    "%",
    "%2f",
    "%zz",
    "%ff",
    "%00",
    "é",
    "\u{1f600}",
    "\ud800",
  ],
  ...[
    "2026-01-31T12:00:00Z",
    "1.5s",
    "1.0000000001s",
    '{"a":[1,{"b":null}]}',
    "AAAA",
    "A===",
    "null",
  ],
  ...[
    "a,b.c",
    "[]",
    "{}",
    '"x"',
    "..",
    ".",
    "*",
    "**",
    ":go",
    "a:go",
    "__proto__",
    "a".repeat(3000),
  ],
];

/** Parameters that one of the routes takes as they are. */
const sound = [
  ...[
    ["double_value", "1.5"],
    ["int32Value", "-7"],
    ["uint64_value", "18446744073709551615"],
  ],
  ...[
    ["string_value", "é %2f"],
    ["bytes_value", "AAAA"],
    ["timestamp", "2026-01-31T12:00:00Z"],
  ],
  ...[
    ["duration", "1.5s"],
    ["field_mask", "a.b,cD"],
    ["enum_list", "ENUM_VALUE"],
    ["enum_list", "1"],
  ],
  ...[
    ["nested.labels[a.b]", "5"],
    ["labels[__proto__]", "6"],
    ["struct_value", '{"a":[1,null]}'],
  ],
  ...[
    ["value", "null"],
    ["choice_nested.bool_value", "true"],
    ["double_list", "NaN"],
  ],
  ...[
    ["text", "a"],
    ["number", "3"],
    ["purpose", "x"],
    ["message", "hi"],
    ["stream", "true"],
  ],
] as const;

const types = [
  ...["application/json", "application/json; charset=utf-8", "application/x-ndjson", ""],
  ...["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/xml"],
  ...["multipart/form-data", 'application/json; charset="latin1"', "application/vnd.x+json", ";;;"],
];

const accepts = [
  ...["*/*", "application/json", "text/event-stream", "application/x-ndjson", "text/html"],
  ...["text/*;q=0.5, application/json;q=0", ",,;q=x", "application/json;q=2"],
];

const ranges = ["0-", "-1", "-0", "5-2", "0-0", "a", "", "0-1,2-3", "99999999999999999999-"];

const deadlines = ["1S", "99999999H", "0m", "1", "", "-1S", "1e9", "1.5", "0.000000001"];

/** Makes requests from one source of chance. */
export class RestAttacker {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  #below(bound: number): number {
    return Math.floor(this.#rng.next() * bound);
  }

  #chance(probability: number): boolean {
    return this.#rng.next() < probability;
  }

  #of<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  #escaped(text: string): string {
    return this.#chance(0.8) ? encodeURIComponent(text.toWellFormed()) : text;
  }

  #target(template: string): string {
    const path = template
      .replace(/\{\}/g, () => this.#escaped(this.#of(texts)))
      .replace("**", () => Array.from({ length: this.#below(4) }, () => this.#of(texts)).join("/"));
    if (this.#chance(0.5)) return this.#mutated(path);
    return this.#mutated(`${path}?${this.#pairs()}`);
  }

  #pairs(): string {
    const count = this.#below(4);
    return Array.from({ length: count }, () => {
      const [name, text] = this.#pair();
      return `${this.#escaped(name)}=${this.#escaped(text)}`;
    }).join("&");
  }

  #pair(): readonly [name: string, text: string] {
    return this.#chance(0.8) ? this.#of(sound) : [this.#of(names), this.#of(texts)];
  }

  /** An object that a route may well take. */
  #soundJson(): string {
    const pairs = Array.from({ length: this.#below(4) }, () => this.#of(sound));
    const plain = pairs.filter(([name]) => !/[.[]|_list|struct|^value/.test(name));
    return JSON.stringify(Object.fromEntries(plain));
  }

  /** A text with, now and then, a piece lost, doubled or replaced. */
  #mutated(text: string): string {
    if (this.#chance(0.8)) return text;
    const [from, to] = [this.#below(text.length + 1), this.#below(text.length + 1)].sort(
      (a, b) => a - b,
    );
    const middle = text.slice(from, to);
    const instead = this.#of([
      "",
      middle + middle,
      "/",
      "%",
      "?",
      ":",
      "\u0000",
      "{",
      this.#of(texts),
    ]);
    return text.slice(0, from) + instead + text.slice(to);
  }

  #json(depth: number): string {
    const dice = this.#below(depth > 4 ? 3 : 6);
    if (dice === 0) return JSON.stringify(this.#of(texts));
    if (dice === 1)
      return this.#of(["0", "-1", "1.5", "1e400", "true", "null", "99999999999", '"1"']);
    if (dice === 2) return JSON.stringify(this.#below(1000));
    const items = Array.from({ length: this.#below(4) }, () => this.#json(depth + 1));
    if (dice === 3) return `[${items.join(",")}]`;
    return `{${items.map((item) => `${JSON.stringify(this.#of(names))}:${item}`).join(",")}}`;
  }

  #part(): string {
    const file = this.#chance(0.5) ? `; filename="${this.#of(texts)}"` : "";
    const type = this.#chance(0.3) ? `\r\ncontent-type: ${this.#of(types)}` : "";
    const disposition = `content-disposition: form-data; name="${this.#of(names)}"${file}`;
    return `--b\r\n${disposition}${type}\r\n\r\n${this.#of(texts)}\r\n`;
  }

  #body(type: string): string {
    if (this.#chance(0.02)) return "[".repeat(this.#below(20_000));
    if (type.startsWith("multipart")) {
      return `${Array.from({ length: this.#below(4) }, () => this.#part()).join("")}--b--\r\n`;
    }
    if (type.includes("urlencoded")) return this.#pairs();
    if (type.includes("ndjson")) {
      return Array.from({ length: this.#below(4) }, () => `${this.#soundJson()}\n`).join("");
    }
    return this.#chance(0.6) ? this.#soundJson() : this.#json(0);
  }

  #chunks(type: string): Uint8Array[] {
    const bytes = Buffer.from(this.#mutated(this.#body(type)));
    if (bytes.length > 0 && this.#chance(0.1)) bytes[this.#below(bytes.length)] = this.#below(256);
    const at = this.#below(bytes.length + 1);
    return this.#chance(0.5) ? [bytes] : [bytes.subarray(0, at), bytes.subarray(at)];
  }

  /** The next request. */
  next(): MemoryRequest {
    const [method, template] = this.#of(routes);
    const type = this.#chance(0.5) ? "application/json" : this.#of(types);
    const headers: Record<string, string> = { "content-type": type };
    if (this.#chance(0.4)) headers.accept = this.#of(accepts);
    if (this.#chance(0.1)) headers["grpc-timeout"] = this.#of(deadlines);
    if (this.#chance(0.1)) headers["x-server-timeout"] = this.#of(deadlines);
    if (this.#chance(0.1)) headers.range = `bytes=${this.#of(ranges)}`;
    return {
      method: this.#chance(0.95) ? method : this.#of(["GET", "HEAD", "OPTIONS", "PUT", "get", ""]),
      target: this.#target(template),
      headers,
      chunks: method === "GET" ? [] : this.#chunks(type),
      leaves: this.#chance(0.01),
    };
  }
}
