/** Finds the template that a path matches; the cost grows with the path, not with the templates. */

import { type PathSegments, splitVerb } from "./path.ts";
import type { Segment, Template } from "./template.ts";

/** Values at one template, by HTTP method. */
type Leaf<T> = Map<string, T>;

/** Where one more segment may lead. */
class TrieNode<T> {
  readonly literals = new Map<string, TrieNode<T>>();
  one: TrieNode<T> | undefined;
  /** After `**`: the literals that must end the path, last one first. */
  tail: TrieNode<T> | undefined;
  readonly leaf: Leaf<T> = new Map();
}

function literalOf<T>(node: TrieNode<T>, text: string): TrieNode<T> {
  let child = node.literals.get(text);
  if (child === undefined) {
    child = new TrieNode<T>();
    node.literals.set(text, child);
  }
  return child;
}

function nodeOf<T>(root: TrieNode<T>, segments: readonly Segment[]): TrieNode<T> {
  let node = root;
  for (const [index, segment] of segments.entries()) {
    if (segment.kind === "many") {
      node.tail ??= new TrieNode<T>();
      return segments
        .slice(index + 1)
        .reduceRight(
          (tail, end) => (end.kind === "literal" ? literalOf(tail, end.text) : tail),
          node.tail,
        );
    }
    if (segment.kind === "literal") {
      node = literalOf(node, segment.text);
    } else {
      node.one ??= new TrieNode<T>();
      node = node.one;
    }
  }
  return node;
}

/** Shows the leaves that match, the most specific first, until `visit` returns true. */
type Visit<T> = (leaf: Leaf<T>) => boolean;

function walk<T>(
  node: TrieNode<T>,
  segments: readonly string[],
  at: number,
  visit: Visit<T>,
): boolean {
  const segment = segments[at];
  if (segment === undefined) {
    if (visit(node.leaf)) return true;
  } else {
    const literal = node.literals.get(segment);
    if (literal !== undefined && walk(literal, segments, at + 1, visit)) return true;
    // An empty segment never binds: /models/ is not a model without a name.
    const one = segment === "" ? undefined : node.one;
    if (one !== undefined && walk(one, segments, at + 1, visit)) return true;
  }
  return node.tail !== undefined && walkTail(node.tail, segments, at, visit);
}

function walkTail<T>(
  tail: TrieNode<T>,
  segments: readonly string[],
  from: number,
  visit: Visit<T>,
): boolean {
  const ends = [tail];
  let end: TrieNode<T> | undefined = tail;
  for (let at = segments.length - 1; at >= from; at--) {
    end = end.literals.get(segments[at] ?? "");
    if (end === undefined) break;
    ends.push(end);
  }
  return ends.reverse().some(({ leaf }) => visit(leaf));
}

/** What a lookup found: a value, or the methods that the path takes instead. */
export type Found<T> =
  /** `path` is without the verb that the template has. */
  | { readonly ok: true; readonly value: T; readonly path: PathSegments }
  /** `sibling` is the value of one of them. */
  | { readonly ok: false; readonly methods: readonly string[]; readonly sibling: T };

/** The value of a leaf for a method: HEAD is served by GET, and `*` by whatever comes. */
function valueFor<T>(leaf: Leaf<T>, method: string): T | undefined {
  return leaf.get(method) ?? (method === "HEAD" ? leaf.get("GET") : undefined) ?? leaf.get("*");
}

/** Templates with a value per HTTP method; the method `*` stands for any. */
export class Trie<T> {
  readonly #roots = new Map<string, TrieNode<T>>();

  /** Adds a value. Returns the one that was there already, which then stays. */
  add(template: Template, method: string, value: T): T | undefined {
    let root = this.#roots.get(template.verb);
    if (root === undefined) {
      root = new TrieNode<T>();
      this.#roots.set(template.verb, root);
    }
    const { leaf } = nodeOf(root, template.segments);
    const before = leaf.get(method);
    if (before === undefined) leaf.set(method, value);
    return before;
  }

  /**
   * The value for a path. A template with the path's verb beats one that takes the colon as part of
   * a segment; then literal beats `*` beats `**`, from the left. A template that matches, but not
   * by this method, gives way to the next.
   */
  find(method: string, path: PathSegments): Found<T> | undefined {
    const others = new Map<string, T>();
    const parted = splitVerb(path);
    const found =
      (parted && this.#search(method, parted.verb, parted.path, others)) ??
      this.#search(method, "", path, others);
    if (found !== undefined) return found;
    const [sibling] = others.values();
    return sibling === undefined ? undefined : { ok: false, methods: [...others.keys()], sibling };
  }

  /** Looks among the templates with one verb; notes in `others` the methods that would do. */
  #search(
    method: string,
    verb: string,
    path: PathSegments,
    others: Map<string, T>,
  ): Found<T> | undefined {
    const root = this.#roots.get(verb);
    if (root === undefined) return undefined;
    let found: Found<T> | undefined;
    walk(root, path.decoded, 0, (leaf) => {
      const value = valueFor(leaf, method);
      if (value !== undefined) found = { ok: true, value, path };
      else for (const [other, its] of leaf) others.set(other, its);
      return value !== undefined;
    });
    return found;
  }
}
