/** What a call costs in counts that do not depend on the machine, nor on what else it does: memory, promises, timers, system calls. */

import { type CallPath, type Counts, callBudgets } from "./call-budgets.ts";
import { grpcCall, jsonCall, streamCall } from "./calls.ts";
import { messagesPerStream } from "./chat.ts";
import type { Effort } from "./contest.ts";
import { gateway } from "./gateways.ts";
import { type Call, type Caller, callerOf } from "./load.ts";
import { nodeServer, type ServerProcess, startServer } from "./server-process.ts";
import { figure } from "./statistics.ts";
import type { Table } from "./table.ts";

/** A server under count, and the call that it answers. */
interface Counted {
  readonly server: ServerProcess;
  readonly call: Call;
  /** Calls, or messages, that one call counts for. */
  readonly unitsPerCall: number;
}

const names = ["bytes", "promises", "timers", "immediates", "reads", "writes"] as const;
/** Until compiled code makes no more objects than it needs. */
const warmUpCalls = 5_000;
const callsAtOnce = 32;
const countedUnits = 1_000;
const batches = 3;
/** A machine may be busy: nothing here is measured by the clock. */
const startTimeoutMs = 60_000;

const meter = new URL("../call-meter.ts", import.meta.url).href;

/** The command with flags of Node ahead of its program. */
function withFlags(
  command: (port: number) => readonly string[],
  flags: readonly string[],
): (port: number) => readonly string[] {
  return (port) => {
    const [node = "", ...rest] = command(port);
    return [node, ...flags, ...rest];
  };
}

/** Starts the server of a path, with flags of Node; what stands behind it as well. */
export async function startPath(
  path: CallPath,
  flags: readonly string[],
  stack: AsyncDisposableStack,
): Promise<Counted> {
  const start = async (command: (port: number) => readonly string[]) =>
    stack.use(await startServer(withFlags(command, flags), { hasChannel: true, startTimeoutMs }));
  if (path === "hop") {
    const core = stack.use(await startServer(nodeServer("engine"), { startTimeoutMs }));
    const cores = [{ url: `http://127.0.0.1:${core.port}` }];
    return { server: await start(gateway({ cores })), call: grpcCall, unitsPerCall: 1 };
  }
  const call = { unary: grpcCall, json: jsonCall, "stream message": streamCall }[path];
  const unitsPerCall = path === "stream message" ? messagesPerStream : 1;
  return { server: await start(nodeServer("polygate")), call, unitsPerCall };
}

/** Repeats a call, several at once, over one connection where the wire shares one. */
export async function repeat({ server, call }: Counted, calls: number): Promise<void> {
  await using caller = callerOf(server.port, call);
  let left = calls;
  const next = async () => {
    while (left > 0) {
      left -= 1;
      await caller.call();
    }
  };
  await Promise.all(Array.from({ length: callsAtOnce }, next));
}

/** Counts a unit, one call after the other. */
async function batch(counted: Counted, caller: Caller, hooks: boolean): Promise<Counts> {
  const { server, unitsPerCall } = counted;
  const before = (await server.ask({ hooks })) as Counts;
  const calls = countedUnits / unitsPerCall;
  for (let call = 0; call < calls; call += 1) await caller.call();
  const after = (await server.ask({ hooks })) as Counts;
  const each = (name: keyof Counts) => Math.max(0, after[name] - before[name]) / countedUnits;
  return Object.fromEntries(names.map((name) => [name, each(name)])) as unknown as Counts;
}

/** The least that V8 was seen to do: what compiling and timers of the process add is none of the call's. */
function least(some: readonly Counts[]): Counts {
  const of = (name: keyof Counts) => Math.min(...some.map((counts) => counts[name]));
  return Object.fromEntries(names.map((name) => [name, of(name)])) as unknown as Counts;
}

/** Counts of one call of a path (of one message of a stream), in a process of its own. */
export async function countsOf(path: CallPath): Promise<Counts> {
  await using stack = new AsyncDisposableStack();
  const counted = await startPath(path, ["--import", meter], stack);
  const calls = Math.max(200, warmUpCalls / counted.unitsPerCall);
  await repeat(counted, calls);
  const caller = stack.use(callerOf(counted.server.port, counted.call));
  await caller.call();
  const take = async (hooks: boolean) => {
    const taken: Counts[] = [];
    for (let index = 0; index < batches; index += 1)
      taken.push(await batch(counted, caller, hooks));
    return least(taken);
  };
  const { bytes, reads, writes } = await take(false);
  return { ...(await take(true)), bytes, reads, writes };
}

/** Counts of all paths beside their budgets. */
export async function countsTable(_effort: Effort): Promise<Table> {
  const rows: string[][] = [];
  for (const [path, budget] of Object.entries(callBudgets)) {
    const counts = await countsOf(path as CallPath);
    rows.push([path, ...names.map((name) => `${figure(counts[name])} of ${figure(budget[name])}`)]);
  }
  return {
    title: "What a call takes in counts",
    note: [
      "One call after the other; of a stream one of its messages. Bytes of V8's heap, and system calls of the whole process; what is",
      "counted, of what `bench/support/call-budgets.ts` allows. `test/e2e/call-budgets.test.ts` fails beyond it.",
    ].join("\n"),
    columns: ["path", ...names],
    rows,
  };
}
