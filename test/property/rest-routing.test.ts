/** The trie finds what a matcher that tries every template finds, and templates survive being written. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { captureOf, splitPath, splitVerb } from "#rest/path.ts";
import { parseTemplate, resolveIndex, type Segment, type Template } from "#rest/template.ts";
import { Trie } from "#rest/trie.ts";

const literal = fc.constantFrom("a", "b", "c", "é", "%");
const plain = fc.oneof(
  { weight: 3, arbitrary: literal.map((text): Segment => ({ kind: "literal", text })) },
  { weight: 2, arbitrary: fc.constant<Segment>({ kind: "one" }) },
);
const tail = fc.array(
  literal.map((text): Segment => ({ kind: "literal", text })),
  { maxLength: 2 },
);
const segments = fc
  .tuple(fc.array(plain, { maxLength: 4 }), fc.boolean(), tail)
  .map(([head, many, rest]) => (many ? [...head, { kind: "many" } as const, ...rest] : head));
const verb = fc.constantFrom("", "", "go", "stop");

const written = (segment: Segment) =>
  segment.kind === "literal"
    ? encodeURIComponent(segment.text)
    : segment.kind === "one"
      ? "*"
      : "**";

/** A template's text; the segments from `from` to `to` are a variable. */
function print(parts: readonly Segment[], ends: string, range: readonly [number, number]): string {
  const [from, to] = range;
  const texts = parts.map(written);
  const inner = texts.slice(from, to).join("/");
  const whole = from < to ? [...texts.slice(0, from), `{v=${inner}}`, ...texts.slice(to)] : texts;
  return `/${whole.join("/")}${ends === "" ? "" : `:${ends}`}`;
}

const template = fc
  .tuple(segments, verb, fc.nat(5), fc.nat(5))
  .filter(([parts, ends]) => parts.length > 0 || ends === "")
  .map(([parts, ends, one, other]) => {
    const range = [Math.min(one, other), Math.min(Math.max(one, other), parts.length)] as const;
    return { parts, ends, range, text: print(parts, ends, range) };
  });

test("a template parses to the segments, the verb and the variable that it was written from", () => {
  fc.assert(
    fc.property(template, ({ parts, ends, range: [from, to], text }) => {
      const parsed = parseTemplate(text);
      expect(parsed.segments).toEqual(parts);
      expect(parsed.verb).toBe(ends);
      expect(
        parsed.variables.map(({ start, end }) => [
          resolveIndex(start, parts.length),
          resolveIndex(end, parts.length),
        ]),
      ).toEqual(from < to ? [[from, to]] : []);
    }),
  );
});

/** Whether segments match, tried in every way. */
function matches(parts: readonly Segment[], path: readonly string[]): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return path.length === 0;
  if (part.kind === "many")
    return matches(rest, path) || (path.length > 0 && matches(parts, path.slice(1)));
  const [first, ...others] = path;
  if (first === undefined) return false;
  const fits = part.kind === "one" ? first !== "" : part.text === first;
  return fits && matches(rest, others);
}

const rank = { literal: 0, one: 1, many: 2 } as const;

/** Negative when `one` is the more specific of two templates that match the same path. */
function compare(one: Template, other: Template): number {
  if (one.verb !== other.verb) return one.verb === "" ? 1 : -1;
  for (let index = 0; ; index++) {
    const [mine, theirs] = [one.segments[index], other.segments[index]];
    if (mine === undefined || theirs === undefined)
      return theirs === undefined ? (mine === undefined ? 0 : 1) : -1;
    if (mine.kind !== theirs.kind) return rank[mine.kind] - rank[theirs.kind];
    if (mine.kind === "many") return other.segments.length - one.segments.length;
  }
}

const path = fc
  .tuple(
    fc.array(fc.constantFrom("a", "b", "c", "%C3%A9", "%25", "x", "x:go", "%2F", ""), {
      maxLength: 6,
    }),
    verb,
  )
  .map(([parts, ends]) => `/${parts.join("/")}${ends === "" ? "" : `:${ends}`}`);

test("the trie finds the most specific of all templates that match, and what its variable captures", () => {
  fc.assert(
    fc.property(fc.array(template, { maxLength: 8 }), path, (templates, target) => {
      const trie = new Trie<Template>();
      for (const { text } of templates) trie.add(parseTemplate(text), "GET", parseTemplate(text));
      const whole = splitPath(target);
      const parted = splitVerb(whole);
      const fitting = templates
        .map(({ text }) => parseTemplate(text))
        .filter(({ segments: parts, verb: ends }) => {
          if (ends === "") return matches(parts, whole.decoded);
          return parted?.verb === ends && matches(parts, parted.path.decoded);
        })
        .sort(compare);
      const found = trie.find("GET", whole);
      if (!found?.ok) {
        expect(fitting).toEqual([]);
        return;
      }
      const best = fitting[0];
      if (best === undefined) throw new Error(`${target} matches nothing, and was found`);
      expect(compare(found.value, best)).toBe(0);
      for (const variable of found.value.variables) {
        const captured = captureOf(variable, found.path).split("/").length;
        const [from, to] = [variable.start, variable.end].map((bound) =>
          resolveIndex(bound, found.path.raw.length),
        );
        if (variable.multi) expect(captured).toBe(Math.max(1, (to ?? 0) - (from ?? 0)));
      }
    }),
    { numRuns: 3000 },
  );
});
