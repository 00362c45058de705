/** The configuration while it is put together: a tree of raw values and where each was said. */

import { type Path, pathText } from "./problem.ts";

/** Raw values by path, with the place of each value and of each key. */
export interface Draft {
  /** Mappings, lists and scalars as they were written. */
  root: unknown;
  /** Where a value is, by the text of its path. */
  readonly places: Map<string, string>;
  /** Where the key in front of a value is, by the text of the value's path. */
  readonly keyPlaces: Map<string, string>;
}

/** One value that a later layer says. */
export interface Assignment {
  /** A last step of `+` appends to a list. */
  readonly path: Path;
  readonly value: unknown;
  /** Where it was said, such as `environment GATEWAY_PORT`. */
  readonly where: string;
}

/** A draft that says nothing. */
export function emptyDraft(): Draft {
  return { root: {}, places: new Map(), keyPlaces: new Map() };
}

/** Where the value at `path` was said, or the nearest thing around it; undefined for a default. */
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

/** Takes the value at `path` out; an item of a list leaves a gap. */
export function remove(draft: Draft, path: Path): void {
  const parent = valueAt(draft.root, path.slice(0, -1));
  const last = path.at(-1);
  if (last !== undefined && isTree(parent)) delete parent[last];
  forgetPlaces(draft, pathText(path));
}

/** Puts a value over what is there. What a list or scalar blocks is left for the schema to refuse. */
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

function forgetPlaces({ places, keyPlaces }: Draft, at: string): void {
  for (const known of [places, keyPlaces]) {
    for (const path of known.keys()) {
      if (path === at || path.startsWith(`${at}.`) || path.startsWith(`${at}[`)) known.delete(path);
    }
  }
}

function isTree(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
