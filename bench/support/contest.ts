/** Contenders under the same loads in alternating rounds, and the table of their medians. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Achieved, type Call, callerOf, load, type Pressure } from "./load.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { figure, median } from "./statistics.ts";
import type { Table } from "./table.ts";

/** One of those compared. The first of a contest is ours. */
export interface Contender {
  readonly name: string;
  readonly command: (port: number) => readonly string[];
  /** Checkout that the command runs in; this one when absent. */
  readonly folder?: string;
  /** What it is called with where that differs. */
  readonly call?: Partial<Call>;
  /** How hard it is called where that differs. */
  readonly pressure?: Pressure;
  /** Longest time until it listens, where it is slow to start. */
  readonly startTimeoutMs?: number;
}

/** What is counted of what a load achieved. */
export interface Unit {
  readonly name: string;
  readonly of: (achieved: Achieved) => number;
}

/** What each of them is put under. */
export interface Load {
  readonly name: string;
  readonly call: Call;
  readonly pressure: Pressure;
  /** What is counted; calls when absent. */
  readonly unit?: Unit;
  /** What else is measured of each contender, once a round; a column of its own. */
  readonly probe?: Probe;
}

/** A measurement beside rate and CPU. */
export interface Probe {
  /** Heading of its column. */
  readonly column: string;
  readonly of: (port: number, call: Call) => Promise<number>;
}

/** Rounds that medians are taken over, and seconds of each measurement. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
  /** Another checkout of this project, whose server stands in for all others when it is given. */
  readonly before?: string | undefined;
}

/** What is compared. */
export interface Contest {
  readonly title: string;
  /** What a reader must know of it. */
  readonly note?: string;
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
}

interface Sample {
  readonly perSecond: number;
  readonly cpuUs: number;
  /** What the load's probe measured. */
  readonly probed: number;
}

const callUnit: Unit = { name: "calls", of: ({ calls }) => calls };
/** Shortest warm-up: on one core it takes a gateway some ten seconds until all that a call runs is compiled. */
const warmUpSecondsMin = 10;

/** Load before each sample: who has rested meanwhile takes a second or two until it is as fast as it was. */
const wakeSeconds = 2;

/** Bytes of the answer to a call. Throws when the answer does not carry what the call asks for. */
async function answerBytesOf(port: number, call: Call): Promise<number> {
  await using caller = callerOf(port, call);
  const answer = await caller.call();
  const isChat = call.path.toLowerCase().endsWith("/chat");
  const expected = call.expects ?? (isChat ? "red circle" : "");
  if (!answer.includes(expected)) throw new Error(`${call.path}: a wrong answer: ${answer}`);
  return answer.length;
}

async function sample(
  server: ServerProcess,
  { call, pressure, unit = callUnit, probe }: Load,
  {
    answerBytes,
    seconds,
    isWarmUp = false,
  }: { readonly answerBytes: number; readonly seconds: number; readonly isWarmUp?: boolean },
): Promise<Sample> {
  const cpuUs = server.cpuUs();
  const achieved = await load(server.port, call, pressure, seconds);
  const { calls, bodyBytes } = achieved;
  // Refusals are short: an average below the right answer's length tells of them.
  if (bodyBytes < calls * answerBytes * 0.95) {
    throw new Error(`${call.path}: ${bodyBytes} bytes in ${calls} answers of ${answerBytes}`);
  }
  const count = unit.of(achieved);
  const eachUs = (server.cpuUs() - cpuUs) / count;
  const probed = isWarmUp || probe === undefined ? Number.NaN : await probe.of(server.port, call);
  return { perSecond: count / achieved.seconds, cpuUs: eachUs, probed };
}

function theirs(load: Load, { call, pressure = load.pressure }: Contender): Load {
  return { ...load, call: { ...load.call, ...call }, pressure };
}

/** Who takes part: ours and the others, or ours and what it was in another checkout. */
function takingPart(contenders: readonly Contender[], before: string | undefined) {
  const [ours] = contenders;
  if (before === undefined || ours === undefined) return contenders;
  return [ours, { ...ours, name: `${ours.name}, before`, folder: before }];
}

/** Longest wait for servers to come to rest, and how often one looks. */
const restMsMax = 10_000;
const restLookMs = 200;
/** CPU time in a look that a server at rest may use. */
const restUsMax = 20_000;

/** Waits until no server works any more: they share a core, and some go on long after their load has ended. */
async function atRest(servers: Iterable<ServerProcess>): Promise<void> {
  const all = [...servers];
  const usedUs = () => all.reduce((sum, server) => sum + server.cpuUs(), 0);
  for (let waitedMs = 0; waitedMs < restMsMax; waitedMs += restLookMs) {
    const before = usedUs();
    await sleep(restLookMs);
    if (usedUs() - before <= restUsMax) return;
  }
}

/** What was measured of each contender under a load. */
type Samples = ReadonlyMap<Contender, Sample[]>;

/** Starts all contenders, and puts each load on each of them in turn, in rounds. */
async function runRounds(
  taken: ReadonlyMap<Load, Samples>,
  contenders: readonly Contender[],
  { rounds, seconds }: Effort,
): Promise<void> {
  await using running = new AsyncDisposableStack();
  const servers = new Map<Contender, ServerProcess>();
  for (const contender of contenders) {
    servers.set(contender, running.use(await startServer(contender.command, contender)));
  }
  for (const [each, samples] of taken) {
    for (const [contender, server] of servers) {
      const its = theirs(each, contender);
      // Tells a wrong answer in its own words; some load half of themselves for the first call.
      await answerBytesOf(server.port, its.call);
      await sample(server, its, {
        answerBytes: 0,
        seconds: Math.max(warmUpSecondsMin, seconds),
        isWarmUp: true,
      });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const [contender, server] of servers) {
        const its = theirs(each, contender);
        const answerBytes = await answerBytesOf(server.port, its.call);
        await atRest(servers.values());
        await sample(server, its, { answerBytes: 0, seconds: wakeSeconds, isWarmUp: true });
        samples.get(contender)?.push(await sample(server, its, { answerBytes, seconds }));
      }
    }
  }
}

/** What a contender achieved under a load, and what it used. */
interface Medians {
  readonly name: string;
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly probed: number;
}

/** Measures a contest: every round puts each load on each contender in turn. Medians by load, contenders in order. */
export async function mediansOf(
  { contenders, loads }: Pick<Contest, "contenders" | "loads">,
  effort: Effort,
): Promise<ReadonlyMap<Load, readonly Medians[]>> {
  const { rounds, before } = effort;
  const taking = takingPart(contenders, before);
  const taken = new Map<Load, Samples>(
    loads.map((each) => [each, new Map(taking.map((contender) => [contender, []]))]),
  );
  // Two processes of one code may differ by seven percent for as long as they live, which is more than
  // what two checkouts do: there each round has processes of its own.
  if (before === undefined) await runRounds(taken, taking, effort);
  else
    for (let round = 0; round < rounds; round += 1) {
      // Who is warmed up first has rested when it is measured, and is slower for it: they take turns.
      const order = round % 2 === 0 ? taking : taking.toReversed();
      await runRounds(taken, order, { ...effort, rounds: 1 });
    }
  const middle = (contender: Contender, samples: readonly Sample[]): Medians => ({
    name: contender.name,
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
    cpuUs: median(samples.map(({ cpuUs }) => cpuUs)),
    probed: median(samples.map(({ probed }) => probed)),
  });
  return new Map(
    [...taken].map(([each, samples]) => [each, [...samples].map((one) => middle(...one))]),
  );
}

/** Runs a contest, and makes its table. */
export async function runContest(contest: Contest, effort: Effort): Promise<Table> {
  const { title, note, loads } = contest;
  const taken = await mediansOf(contest, effort);
  const probes = [...new Set(loads.flatMap(({ probe }) => (probe === undefined ? [] : [probe])))];
  return {
    title,
    ...(note === undefined ? {} : { note }),
    columns: [
      "load",
      "server",
      "per second",
      "CPU µs each",
      "rate, ours to its",
      "CPU, ours to its",
      ...probes.map(({ column }) => column),
    ],
    rows: [...taken].flatMap(([each, medians]) => rowsOf(each, medians, probes)),
  };
}

function rowsOf(
  { name, unit = callUnit, probe }: Load,
  medians: readonly Medians[],
  probes: readonly Probe[],
) {
  const [ours] = medians;
  return medians.map((row, index) => [
    index === 0 ? name : "",
    row.name,
    `${figure(row.perSecond)} ${unit.name}`,
    figure(row.cpuUs),
    ours === undefined || index === 0 ? "" : figure(ours.perSecond / row.perSecond),
    ours === undefined || index === 0 ? "" : figure(ours.cpuUs / row.cpuUs),
    ...probes.map((each) => (each === probe ? figure(row.probed) : "")),
  ]);
}
