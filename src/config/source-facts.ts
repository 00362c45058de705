/** What is kept of a reading of the configuration: whether another one differs, where each value stood, and no secret. */

import { readAtMost, readFailureOf } from "#core/read-file.ts";
import { redacted } from "#core/redact.ts";
import { sha256Hex } from "#core/sha256-hex.ts";
import type { Draft } from "#yaml/draft.ts";
import { type Path, pathText } from "#yaml/problem.ts";
import type { Sources } from "./load.ts";
import { addressText, isAddress } from "./shown-value.ts";

/** What is kept. */
export interface SourceFacts {
  /**
   * Of every value and file that settings are made of, but for the certificates of listeners, which
   * these read themselves. Not to be published: who knows the rest could guess a secret by it.
   */
  readonly fingerprint: string;
  /** A hash of the values without what may be a secret: equal where gateways have the same settings. */
  readonly hash: string;
  /** The values, without what may be a secret, and their places. */
  readonly draft: Draft;
  /** A file was named, and nothing is in it but comments. */
  readonly isBlank: boolean;
  /** The configuration file as it was named; empty where there is none. */
  readonly file: string;
  /** Every file that was read, or is when the settings are used; absolute. */
  readonly files: readonly string[];
  /** When the reading began, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** What is read of each file: a certificate, a key or an account is far smaller. */
const fileBytesMax = 1024 * 1024;

function digestOf(path: string): string {
  try {
    return sha256Hex(readAtMost(path, fileBytesMax, { again: true }));
  } catch (thrown) {
    return readFailureOf(thrown);
  }
}

function fingerprintOf({ draft, fromFiles, named }: Sources): string {
  const files = named.filter(({ isListeners }) => !isListeners).map(({ path }) => path);
  const digests = [...new Set(files)].map((path) => [path, digestOf(path)]);
  return sha256Hex(JSON.stringify([draft.root, fromFiles, digests]));
}

/** Keys whose values are not kept. Files are named by their paths, which say nothing of what is in them. */
const secretKey =
  /(?<!prompt_cache_)key(?!_file|_header|_store)|secret|token|password|passwd|scrypt|sha256|cookie|^headers$/i;

/** A draft without what may be a secret. */
function withoutSecrets(draft: Draft): Draft {
  const clean = (value: unknown, path: Path, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item, index) => clean(item, [...path, index], key));
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([name, inner]) => [name, clean(inner, [...path, name], name)]),
      );
    }
    if (typeof value !== "string") return value;
    const isFilled = draft.filled.has(pathText(path));
    if (isAddress(key)) return addressText(value, key, isFilled);
    return isFilled || secretKey.test(key) ? redacted : value;
  };
  const { places, keyPlaces, filled } = draft;
  return { root: clean(draft.root, [], ""), places, keyPlaces, filled };
}

/** The facts of a reading that began at `wallMs`. */
export function sourceFacts(sources: Sources, wallMs: number): SourceFacts {
  const { file = "", isBlank, texts, named } = sources;
  const draft = withoutSecrets(sources.draft);
  return {
    fingerprint: fingerprintOf(sources),
    hash: sha256Hex(JSON.stringify(draft.root)),
    draft,
    isBlank,
    file,
    files: [...new Set([...texts, ...named.map(({ path }) => path)])],
    wallMs,
  };
}
