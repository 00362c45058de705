/** The configuration while it is put together: a tree of raw values, each with the place where it was set. */

import { type Path, pathText } from "./problem.ts";

/** Raw values by path, with the place of each value and of each key. */
export interface Draft {
  /** Mappings, lists and scalars as they were written. */
  root: unknown;
  /** Where a value is, by the text of its path. */
  readonly places: Map<string, string>;
  /** Where the key of a value is, by the text of the value's path. */
  readonly keyPlaces: Map<string, string>;
  /** Values of which something came from a file or a variable that they name, by the text of their path. */
  readonly filled: Set<string>;
}

/** One value that a later layer sets. */
export interface Assignment {
  /** A last step of `+` appends to a list. */
  readonly path: Path;
  readonly value: unknown;
  /** Where it was set, such as `environment GATEWAY_PORT`. */
  readonly where: string;
}

/** An empty draft. */
export function emptyDraft(): Draft {
  return { root: {}, places: new Map(), keyPlaces: new Map(), filled: new Set() };
}

/** Where the value at `path`, or else the nearest value around it, was set; undefined for a default. */
export function placeOf(draft: Draft, path: Path): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const place = draft.places.get(pathText(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return draft.places.get("");
}

/** The raw value at `path`; undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (isTree(value) && Object.hasOwn(value, step) ? value[step] : undefined),
    root,
  );
}

/** Removes the value at `path`; an item of a list leaves a gap. */
export function remove(draft: Draft, path: Path): void {
  const parent = valueAt(draft.root, path.slice(0, -1));
  const last = path.at(-1);
  if (last !== undefined && isTree(parent)) delete parent[last];
  forgetPlaces(draft, pathText(path));
}

/** Sets a value, replacing what is there. Where a list or a scalar is in the way, the schema will report it. */
export function assign(draft: Draft, { path, value, where }: Assignment): void {
  let parent: unknown = draft.root;
  const steps = [...path];
  const last = steps.pop();
  for (const [index, step] of steps.entries()) {
    if (!isTree(parent)) return;
    const listNext = (steps[index + 1] ?? last) === "+";
    if (!Object.hasOwn(parent, step)) parent[step] = listNext ? [] : {};
    parent = parent[step];
  }
  if (!isTree(parent) || last === undefined) return;
  if (last === "+" && !Array.isArray(parent)) return;
  const key = Array.isArray(parent) ? parent.length : last;
  const at = pathText([...steps, key]);
  parent[key] = value;
  forgetPlaces(draft, at);
  draft.places.set(at, where);
}

function forgetPlaces({ places, keyPlaces, filled }: Draft, at: string): void {
  for (const known of [places, keyPlaces, filled]) {
    for (const path of known.keys()) {
      if (path === at || path.startsWith(`${at}.`) || path.startsWith(`${at}[`)) known.delete(path);
    }
  }
}

function isTree(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
