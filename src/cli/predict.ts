/** `polygate predict`: runs a model on files, several at a time, and shows labels, boxes and times. */

import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fromJson, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  PredictRequestSchema,
  PredictResponseSchema,
  PredictService,
} from "#gen/polygate/v1/predict_pb.js";
import { ProgressBar } from "#terminal/progress-bar.ts";
import { isColoured, styleOf } from "#terminal/style.ts";
import { type AskedCommand, jsonOf, runAsked } from "./asked-command.ts";
import { failureOf, LocalError, UsageError } from "./asked-failure.ts";
import type { Flags, HelpRow } from "./asked-gateway.ts";
import { exitDone, exitFailed } from "./exit-codes.ts";
import { type Predicted, predictTable } from "./predict-table.ts";
import type { Console } from "./terminal.ts";

const rows = [
  { name: "top-k", value: "count", description: "maximum number of labels or boxes per file" },
  { name: "threshold", value: "score", description: "minimum score of a box, 0 to 1" },
  { name: "version", value: "version", description: "version or label of the model" },
  { name: "annotate", value: "folder", description: "write each image there with its boxes drawn" },
  { name: "parallel", value: "count", fallback: "4", description: "files at a time, up to 64" },
] as const satisfies readonly HelpRow[];

/** Its flags. */
export const predictRows = rows;

/** Largest file; the proto's own bound for an image. */
const fileBytesMax = 64 * 1024 * 1024;
const parallelMax = 64;

type Request = MessageInitShape<typeof PredictRequestSchema>;

/** Failures that every other file would meet as well. */
const hopeless = new Set([
  Code.Unavailable,
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.Unimplemented,
]);

function numberFrom(flags: Flags, name: string, isFit: (n: number) => boolean, expected: string) {
  const written = flags.get(name)?.[0];
  if (written === undefined) return undefined;
  const number = Number(written);
  if (isFit(number)) return number;
  throw new UsageError(`flag --${name}: expected ${expected}`);
}

function isCount(most: number) {
  return (number: number) => Number.isInteger(number) && number >= 1 && number <= most;
}

/** What all files are asked with. */
function wishesFrom(flags: Flags, model: string): Request {
  const topK = numberFrom(flags, "top-k", isCount(10_000), "an integer from 1 to 10000");
  const isShare = (number: number) => number >= 0 && number <= 1;
  const scoreThreshold = numberFrom(flags, "threshold", isShare, "a number from 0 to 1");
  return {
    model,
    version: flags.get("version")?.[0] ?? "",
    ...(topK === undefined ? {} : { topK }),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
  };
}

async function bytesOf(name: string, cwd: string): Promise<Buffer> {
  const path = resolve(cwd, name);
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw new LocalError("is no file");
    if (facts.size > fileBytesMax) throw new LocalError(`is larger than ${fileBytesMax} bytes`);
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof LocalError) throw thrown;
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : "unknown";
    throw new LocalError(`cannot be read (${code})`);
  }
}

/** What is sent of a file: an image, or in a file that ends in .json the fields of a PredictRequest. */
function requestFrom(name: string, bytes: Buffer, wishes: Request): Request {
  if (!name.endsWith(".json")) return { ...wishes, file: bytes };
  try {
    const { inputs } = fromJson(PredictRequestSchema, JSON.parse(bytes.toString()));
    return { ...wishes, inputs };
  } catch {
    throw new LocalError(
      'is no request in JSON (hint: {"inputs": [{"name", "datatype", "shape", "data"}]})',
    );
  }
}

/** Runs `work` on every item, `parallel` at a time, in any order. */
async function eachOf<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T, at: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) await work(item, at);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
}

/** A bar on stderr, where that is a terminal and there is something to wait for. */
function barFor({ terminals, size, write }: Console, total: number): ProgressBar | undefined {
  if (total < 2 || !terminals.includes("stderr")) return undefined;
  return new ProgressBar(
    {
      write: (text) => write("stderr", text),
      columns: () => size().columns,
      nowMs: () => performance.now(),
    },
    total,
  );
}

/** The exit code for the outcomes of all files. */
function exitCodeOf(all: readonly Predicted[]): number {
  const failures = all.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  const [first] = failures;
  if (first === undefined) return exitDone;
  return failures.length === all.length ? first.exitCode : exitFailed;
}

const command: AskedCommand<Console> = {
  rows,
  async run({ gateway, flags, words: [model = "", ...files], terminal }) {
    const wishes = wishesFrom(flags, model);
    const expected = `an integer from 1 to ${parallelMax}`;
    const parallel = numberFrom(flags, "parallel", isCount(parallelMax), expected) ?? 4;
    const folder = flags.get("annotate")?.[0];
    const annotate = folder === undefined ? undefined : (await import("./annotate.ts")).annotate;
    const client = gateway.client(PredictService);
    const bar = barFor(terminal, files.length);
    const json = flags.has("json");
    const all: Predicted[] = [];
    const stopping = new AbortController();
    const signal = AbortSignal.any([stopping.signal, terminal.signal]);

    const take = (predicted: Predicted, at: number) => {
      all[at] = predicted;
      bar?.clear();
      if (predicted.failure !== undefined) {
        terminal.err(`${predicted.file}: ${predicted.failure.text}`);
      } else if (json && predicted.response !== undefined) {
        const told = jsonOf(PredictResponseSchema, predicted.response) as object;
        terminal.out(JSON.stringify({ file: predicted.file, ...told }));
      }
      bar?.advance(basename(predicted.file));
    };
    await eachOf(files, parallel, async (file, at) => {
      if (signal.aborted) return;
      try {
        const bytes = await bytesOf(file, terminal.cwd);
        const request = requestFrom(file, bytes, wishes);
        const response = await client.predict(request, { signal, timeoutMs: 0 });
        if (folder !== undefined && annotate !== undefined) {
          await annotate(bytes, response, resolve(terminal.cwd, folder), basename(file));
        }
        take({ file, response }, at);
      } catch (thrown) {
        if (signal.aborted) return;
        // Whatever the first such failure is, the other files would only repeat it.
        if (thrown instanceof ConnectError && hopeless.has(thrown.code)) stopping.abort(thrown);
        take({ file, failure: failureOf(thrown, gateway.url) }, at);
      }
    });
    bar?.clear();
    terminal.signal.throwIfAborted();
    const told = all.filter((one) => one !== undefined);
    if (!json) {
      const style = styleOf(isColoured(terminal.env, terminal.terminals.includes("stdout")));
      const table = predictTable(told, style.strong, terminal.columns);
      if (table !== undefined) terminal.out(table);
    }
    if (stopping.signal.aborted) {
      const left = files.length - told.length;
      if (left > 0) terminal.err(`${left} more files were not tried`);
      return failureOf(stopping.signal.reason, gateway.url).exitCode;
    }
    return exitCodeOf(told);
  },
};

/** Returns the exit code. */
export function predict(argv: readonly string[], console: Console): Promise<number> {
  return runAsked("predict <model> <file…>", command, argv, console);
}
