/** Uploads whose response comes before they are whole: what each client is to send, and to get. */

import { requestBytesMax, type Targets } from "../targets.ts";

/** How often each is repeated: a response that is overtaken once in ten times is lost, too. */
export const times = 20;
/** Time for one of them; more than a client needs to load itself on a busy machine. */
export const timeoutMs = 10_000;

/** One upload. */
export interface Upload {
  readonly name: string;
  readonly url: string;
  /** 1.1 by cleartext; 2 by TLS. */
  readonly version: "1.1" | "2";
  readonly bytes: number;
  /** The head has a content-length. */
  readonly isDeclared: boolean;
  /** The body waits for 100 (Continue). */
  readonly isExpecting: boolean;
  /** The status that has to be received. */
  readonly status: number;
}

const cases = [
  { name: "an unknown path, 300 kB", path: "/nosuch", bytes: 300_000, status: 404 },
  { name: "an unknown path, 1 MB", path: "/nosuch", bytes: 1_000_000, status: 404 },
  { name: "over the limit", bytes: 1.5 * requestBytesMax, status: 413 },
  {
    name: "over the limit, of no declared length",
    bytes: 1.5 * requestBytesMax,
    isDeclared: false,
    status: 413,
  },
  { name: "expect, taken", bytes: 300_000, isExpecting: true, status: 200 },
  {
    name: "expect, an unknown path",
    path: "/nosuch",
    bytes: 300_000,
    isExpecting: true,
    status: 404,
  },
  { name: "expect, over the limit", bytes: 1.5 * requestBytesMax, isExpecting: true, status: 413 },
];

/** The uploads over both versions of HTTP; without those that expect where a client cannot. */
export function uploadsTo(targets: Targets, { canExpect }: { canExpect: boolean }): Upload[] {
  const wires = [
    { version: "1.1", origin: `http://${targets.plain}` },
    { version: "2", origin: `https://${targets.tls}` },
  ] as const;
  return wires.flatMap(({ version, origin }) =>
    cases
      .map(({ path = "/api/v1/chat", isDeclared = true, isExpecting = false, ...each }) => ({
        ...each,
        name: `HTTP/${version}: ${each.name}`,
        url: origin + path,
        version,
        isDeclared,
        isExpecting,
      }))
      .filter(({ isExpecting }) => canExpect || !isExpecting),
  );
}

/** A JSON body of the given length that the chat takes, as far as its length is allowed. */
export function bodyOf(bytes: number): string {
  const frame = '{"message":""}';
  return `{"message":"${"ink ".repeat(bytes / 4).slice(0, bytes - frame.length)}"}`;
}

/** What became of the repetitions of an upload: how many had the right status, and what the others had. */
export interface Tally {
  readonly right: number;
  /** Statuses and errors with their number, as text. */
  readonly seen: string;
}

/** Counts outcomes: statuses, or words for what went wrong. */
export function tallyOf(outcomes: readonly string[], wanted: string): Tally {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return {
    right: counts.get(wanted) ?? 0,
    seen: [...counts].map(([outcome, count]) => `${outcome} × ${count}`).join(", "),
  };
}
