/** Parses google.api.http path templates. */

/** One part of a path. */
export type Segment =
  /** Exactly this, percent-decoded. */
  | { readonly kind: "literal"; readonly text: string }
  /** `*`: any one segment that is not empty. */
  | { readonly kind: "one" }
  /** `**`: any number of segments, also none. */
  | { readonly kind: "many" };

/** A stretch of the path that goes into a field of the request. */
export interface Variable {
  /** Names of the field path, outermost first. */
  readonly names: readonly string[];
  /** First segment; from the path's end, as `resolveIndex` tells, when negative. */
  readonly start: number;
  /** Segment after the last one; likewise. */
  readonly end: number;
  /** May span several segments: an escaped slash within stays escaped. */
  readonly multi: boolean;
}

/** A parsed template. */
export interface Template {
  /** As it was written. */
  readonly text: string;
  readonly segments: readonly Segment[];
  /** What follows the colon; empty without one. */
  readonly verb: string;
  readonly variables: readonly Variable[];
}

/** Position of a variable's bound in a path of `length` segments. */
export function resolveIndex(bound: number, length: number): number {
  return bound < 0 ? length + 1 + bound : bound;
}

const wildcard = /\*+/y;
// RFC 3986 pchar without the two characters that mean something here: `*` and `:`.
const literal = /(?:[\w\-.~!$&'()+,;=@]|%[\dA-Fa-f]{2})+/y;
const identifier = /[A-Za-z_]\w*/y;

/** Reads a template from left to right. */
class TemplateReader {
  readonly #text: string;
  #at = 0;
  readonly segments: Segment[] = [];
  readonly variables: { names: string[]; start: number; end: number }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at === this.#text.length;
  }

  fail(problem: string): Error {
    return new Error(`path template "${this.#text}", column ${this.#at + 1}: ${problem}`);
  }

  skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** The text that `pattern` matches here; empty when it does not. */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }

  literal(what: string): string {
    const taken = this.take(literal);
    if (taken === "") throw this.fail(`expected ${what}`);
    try {
      return decodeURIComponent(taken);
    } catch {
      throw this.fail("the escapes before this are not UTF-8");
    }
  }

  /** A literal or a wildcard. */
  plainSegment(): void {
    const stars = this.take(wildcard);
    if (stars.length > 2) throw this.fail("no wildcard is longer than **");
    if (stars === "") this.segments.push({ kind: "literal", text: this.literal("a segment") });
    else this.segments.push({ kind: stars === "*" ? "one" : "many" });
  }

  variable(): void {
    const names: string[] = [];
    do {
      const name = this.take(identifier);
      if (name === "") throw this.fail("expected a field name");
      names.push(name);
    } while (this.skip("."));
    const start = this.segments.length;
    if (this.skip("=")) {
      do this.plainSegment();
      while (this.skip("/"));
    } else {
      this.segments.push({ kind: "one" });
    }
    if (!this.skip("}")) throw this.fail("expected }");
    this.variables.push({ names, start, end: this.segments.length });
  }

  path(): void {
    if (!this.skip("/")) throw this.fail("expected /");
    if (this.done) return;
    do {
      if (this.skip("{")) this.variable();
      else this.plainSegment();
    } while (this.skip("/"));
  }
}

/**
 * Parses a template: the grammar of google.api.http, where literals may also follow `**`.
 * A colon begins the verb; within a segment it is written %3A. Throws an Error that names the column.
 */
export function parseTemplate(text: string): Template {
  const reader = new TemplateReader(text);
  reader.path();
  const verb = reader.skip(":") ? reader.literal("a verb") : "";
  if (!reader.done) throw reader.fail("expected the template to end here");

  const { segments } = reader;
  const many = segments.findIndex(({ kind }) => kind === "many");
  if (many >= 0 && segments.slice(many + 1).some(({ kind }) => kind !== "literal")) {
    throw reader.fail("only literals may follow **");
  }
  const seen = new Set<string>();
  for (const { names } of reader.variables) {
    const name = names.join(".");
    if (seen.has(name)) throw reader.fail(`duplicate variable ${name}`);
    seen.add(name);
  }
  const fromEnd = (index: number) => index - segments.length - 1;
  const variables = reader.variables.map(({ names, start, end }) => ({
    names,
    start: many >= 0 && start > many ? fromEnd(start) : start,
    end: many >= 0 && end > many ? fromEnd(end) : end,
    multi: end - start > 1 || segments[start]?.kind === "many",
  }));
  return { text, segments, verb, variables };
}
