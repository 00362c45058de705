/** Takes request paths apart: split first, each segment decoded once. */

import { fault } from "#errors/fault.ts";
import { resolveIndex, type Variable } from "./template.ts";

/** A path's segments. */
export interface PathSegments {
  /** As sent. */
  readonly raw: readonly string[];
  /** Percent-decoded. */
  readonly decoded: readonly string[];
}

/** Decodes percent-escapes; `where` names the place in the error. Throws REQUEST_INVALID. */
function decodeText(text: string, where: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw fault("REQUEST_INVALID", `${where}: an escape is malformed or not UTF-8`, {
      fields: [{ field: where, description: "percent-escapes that decode to UTF-8" }],
      cause,
    });
  }
}

/** Splits a path that begins with a slash. Throws REQUEST_INVALID for a bad escape. */
export function splitPath(path: string): PathSegments {
  if (path === "/") return { raw: [], decoded: [] };
  const raw = path.slice(1).split("/");
  if (!path.includes("%")) return { raw, decoded: raw };
  return { raw, decoded: raw.map((segment) => decodeText(segment, "path")) };
}

/**
 * The same path with the last segment's colon and what follows it taken off, and that as the verb;
 * undefined when there is none. A colon that was sent escaped is not one.
 */
export function splitVerb(path: PathSegments): { path: PathSegments; verb: string } | undefined {
  const last = path.raw.at(-1);
  const colon = last === undefined ? -1 : last.lastIndexOf(":");
  if (last === undefined || colon < 0 || colon === last.length - 1) return undefined;
  const head = last.slice(0, colon);
  const raw = [...path.raw.slice(0, -1), head];
  const decoded =
    path.raw === path.decoded ? raw : [...path.decoded.slice(0, -1), decodeText(head, "path")];
  return { path: { raw, decoded }, verb: decodeText(last.slice(colon + 1), "path") };
}

const escapedSlash = /(%2f)/i;

function decodeAllButSlash(raw: string): string {
  if (!escapedSlash.test(raw)) return decodeText(raw, "path");
  // Splitting by a group keeps the separators: they are the odd entries.
  return raw
    .split(escapedSlash)
    .map((piece, index) => (index % 2 === 0 ? decodeText(piece, "path") : piece))
    .join("");
}

/** What a variable captures of a path that its template matches. */
export function captureOf(variable: Variable, path: PathSegments): string {
  const { length } = path.raw;
  const start = resolveIndex(variable.start, length);
  if (!variable.multi) return path.decoded[start] ?? "";
  const end = resolveIndex(variable.end, length);
  if (path.raw === path.decoded) return path.raw.slice(start, end).join("/");
  return path.raw.slice(start, end).map(decodeAllButSlash).join("/");
}
