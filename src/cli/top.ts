/** `polygate top`: what a gateway does, live: redrawn on a terminal, a line of JSON an interval elsewhere. */

import { setTimeout as wait } from "node:timers/promises";
import { ConnectError } from "@connectrpc/connect";
import { type GetStatsResponse, StatsService } from "#gen/polygate/v1/stats_pb.js";
import { folded } from "#terminal/folded-text.ts";
import { Screen } from "#terminal/screen.ts";
import { isColoured, styleOf } from "#terminal/style.ts";
import { durationMsFrom } from "#yaml/duration.ts";
import { type Asked, type AskedCommand, runAsked } from "./asked-command.ts";
import { failureOf, LocalError, UsageError } from "./asked-failure.ts";
import type { Flags, HelpRow } from "./asked-gateway.ts";
import { exitDone, exitInterrupted } from "./exit-codes.ts";
import type { Console } from "./terminal.ts";
import { type FrameLine, frameOf, type LineKind } from "./top-frame.ts";
import { readingOf, type TopReading } from "./top-rates.ts";

const rows = [
  {
    name: "interval",
    value: "time",
    fallback: "1s",
    description: "time between two readings, 100ms to 60s",
  },
  { name: "once", description: "one reading: what happened since the gateway started" },
  { name: "count", value: "number", description: "stop after this many readings" },
] as const satisfies readonly HelpRow[];

/** Its flags. */
export const topRows = rows;

const retryPauseMs = 1_000;

function intervalFrom(flags: Flags): number {
  const ms = durationMsFrom(flags.get("interval")?.[0] ?? "1s");
  if (ms !== undefined && ms >= 100 && ms <= 60_000) return ms;
  throw new UsageError("flag --interval: expected a time from 100ms to 60s");
}

function countFrom(flags: Flags): number {
  if (flags.has("once")) return 1;
  const written = flags.get("count")?.[0];
  if (written === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written);
  throw new UsageError("flag --count: expected an integer above 0");
}

/** How lines are coloured. */
function colours({ env, terminals }: Console): (line: FrameLine, text: string) => string {
  const { strong, faint, bad } = styleOf(isColoured(env, terminals.includes("stdout")));
  const byKind: Readonly<Record<LineKind, (text: string) => string>> = {
    title: strong,
    head: faint,
    bad,
    plain: (text) => text,
  };
  return ({ kind }, text) => byKind[kind](text);
}

/** Readings as they come; the first one of a stream has none before it. */
async function* watched(
  { gateway, flags }: Asked<Console>,
  signal: AbortSignal,
): AsyncGenerator<GetStatsResponse> {
  const client = gateway.client(StatsService);
  const request = { intervalMs: intervalFrom(flags) };
  for await (const { stats } of client.watchStats(request, { signal, timeoutMs: 0 })) {
    if (stats !== undefined) yield stats;
  }
}

/** One line of JSON a reading. */
async function printed(asked: Asked<Console>): Promise<number> {
  const { terminal, flags } = asked;
  let left = countFrom(flags);
  let before: GetStatsResponse | undefined;
  for await (const stats of watched(asked, terminal.signal)) {
    terminal.out(JSON.stringify(readingOf(stats, before)));
    before = stats;
    left -= 1;
    if (left <= 0) return exitDone;
  }
  throw new LocalError("the gateway ended the watch: it is stopping");
}

/** One frame, left on the terminal. */
async function once(asked: Asked<Console>): Promise<number> {
  const { gateway, terminal } = asked;
  const stats = await gateway.client(StatsService).getStats({}, { signal: terminal.signal });
  const style = colours(terminal);
  const { columns } = terminal;
  const facts = { url: gateway.url, note: "since its start", rows: terminal.size().rows, columns };
  for (const line of frameOf(readingOf(stats, undefined), facts)) {
    terminal.out(style(line, folded(line.text, columns)));
  }
  return exitDone;
}

/** Keys while it runs: `q` and Ctrl-C leave, `p` holds the picture. */
class Keys implements Disposable {
  readonly #console: Console;
  readonly #leaving = new AbortController();
  isHeld = false;
  isInterrupted = false;

  constructor(console: Console) {
    this.#console = console;
    if (!console.terminals.includes("stdin")) return;
    console.stdin?.setRawMode?.(true);
    console.stdin?.on("data", this.#onData).resume();
  }

  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  readonly #onData = (typed: Buffer | string): void => {
    for (const key of String(typed)) {
      if (key === "p" || key === " ") this.isHeld = !this.isHeld;
      if (key === "q" || key === "\u0003") {
        this.isInterrupted = key === "\u0003";
        this.#leaving.abort();
      }
    }
  };

  [Symbol.dispose](): void {
    const { stdin } = this.#console;
    stdin?.off("data", this.#onData).pause();
    if (this.#console.terminals.includes("stdin")) stdin?.setRawMode?.(false);
  }
}

/** The picture of the latest reading. */
class Picture {
  readonly #asked: Asked<Console>;
  readonly #screen: Screen;
  #stats: GetStatsResponse | undefined;
  #reading: TopReading | undefined;

  constructor(asked: Asked<Console>, screen: Screen) {
    this.#asked = asked;
    this.#screen = screen;
  }

  get isEmpty(): boolean {
    return this.#stats === undefined;
  }

  show(stats: GetStatsResponse): void {
    this.#reading = readingOf(stats, this.#stats);
    this.#stats = stats;
    this.note("q leaves, p holds");
  }

  /** Draws the same again, with this note. */
  note(note: string): void {
    const { gateway, terminal } = this.#asked;
    if (this.#reading === undefined) return;
    const facts = { url: gateway.url, note, ...terminal.size() };
    const lines = frameOf(this.#reading, facts);
    const style = colours(terminal);
    this.#screen.draw(
      lines.map(({ text }) => text),
      (text, at) => style(lines[at] ?? { text, kind: "plain" }, text),
    );
  }
}

/** Shows readings until there were `count`, or the watch ends. Resolves with how many there were. */
async function shown(
  readings: AsyncIterable<GetStatsResponse>,
  count: number,
  { picture, keys }: { readonly picture: Picture; readonly keys: Keys },
): Promise<number> {
  let readingCount = 0;
  for await (const stats of readings) {
    if (!keys.isHeld) picture.show(stats);
    readingCount += 1;
    if (readingCount >= count) break;
  }
  return readingCount;
}

/** Redraws until the user leaves; a gateway that is away is asked again. */
async function live(asked: Asked<Console>): Promise<number> {
  const { gateway, terminal, flags } = asked;
  let left = countFrom(flags);
  using keys = new Keys(terminal);
  using screen = new Screen({
    write: (text) => terminal.write("stdout", text),
    size: terminal.size,
  });
  const picture = new Picture(asked, screen);
  const signal = AbortSignal.any([keys.leaving, terminal.signal]);
  while (left > 0 && !signal.aborted) {
    try {
      left -= await shown(watched(asked, signal), left, { picture, keys });
    } catch (thrown) {
      if (signal.aborted) break;
      // What never worked is an error; what worked before may work again.
      if (picture.isEmpty || !(thrown instanceof ConnectError)) throw thrown;
      picture.note(`away: ${failureOf(thrown, gateway.url).text}`);
    }
    if (left > 0) await wait(retryPauseMs, undefined, { signal }).catch(() => {});
  }
  return keys.isInterrupted ? exitInterrupted : exitDone;
}

const command: AskedCommand<Console> = {
  rows,
  run(asked) {
    const { flags, terminal } = asked;
    countFrom(flags);
    intervalFrom(flags);
    const isShown = terminal.terminals.includes("stdout") && !flags.has("json");
    if (!isShown) return printed(asked);
    return flags.has("once") ? once(asked) : live(asked);
  },
};

/** Returns the exit code. */
export function top(argv: readonly string[], console: Console): Promise<number> {
  return runAsked("top", command, argv, console);
}
