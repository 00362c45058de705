/** Load on a server: h2load where it is installed, else a client in this process. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Agent, request as requestHttp } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { Http2Client } from "#http2/client.ts";
import { clientTls } from "../../test/support/tls.ts";
import { folder, isInstalled } from "./programs.ts";

/** The call that a load repeats. */
export interface Call {
  readonly wire: "h2c" | "h2" | "http/1.1";
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Text that a right answer holds. */
  readonly expects?: string;
}

/** How hard a server is called. */
export interface Pressure {
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
  /** Stream and connection windows of the client, as powers of two; 30 when absent. */
  readonly windowBits?: readonly [stream: number, connection: number];
}

/** What a load achieved. */
export interface Achieved {
  /** Calls that were answered in full. */
  readonly calls: number;
  readonly seconds: number;
  /** Bytes of answers' bodies, those under way at the end included. */
  readonly bodyBytes: number;
}

const run = promisify(execFile);
const hasH2load = isInstalled("h2load");
const bodyBytesMax = 8 << 20;

/** The program that makes the load. */
export const loadProgram = hasH2load ? "h2load" : "the engine's own client";

/** Repeats a call for some seconds. Throws when a call fails. */
export async function load(
  port: number,
  call: Call,
  pressure: Pressure,
  seconds: number,
): Promise<Achieved> {
  return hasH2load
    ? await h2load(port, call, pressure, seconds)
    : await loadFromHere(port, call, pressure, seconds);
}

async function h2load(
  port: number,
  { wire, path, fields, body }: Call,
  { connections, streams, windowBits }: Pressure,
  seconds: number,
): Promise<Achieved> {
  const bodyFile = join(folder, "body");
  writeFileSync(bodyFile, body);
  const { stdout } = await run("h2load", [
    ...[
      "-c",
      String(connections),
      "-m",
      String(streams),
      "-D",
      `${Math.round(seconds * 1_000)}ms`,
      "-d",
      bodyFile,
    ],
    ...(windowBits === undefined ? [] : ["-w", String(windowBits[0]), "-W", String(windowBits[1])]),
    ...(wire === "http/1.1" ? ["--h1"] : []),
    ...fields.flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
    `${wire === "h2" ? "https" : "http"}://127.0.0.1:${port}${path}`,
  ]);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  const calls = number(/ (\d+) succeeded/);
  const bad = number(/ (\d+) failed/) + number(/ (\d+) timeout/);
  const bodyBytes = number(/\((\d+)\) data/);
  if (bad !== 0 || calls + bodyBytes === 0) throw new Error(`calls of ${path} failed:\n${stdout}`);
  return { calls, seconds, bodyBytes };
}

async function loadFromHere(
  port: number,
  call: Call,
  { connections, streams }: Pressure,
  seconds: number,
): Promise<Achieved> {
  const startMs = performance.now();
  const untilMs = startMs + seconds * 1_000;
  let calls = 0;
  let bodyBytes = 0;
  const repeat = async (caller: Caller) => {
    while (performance.now() < untilMs) {
      const answer = await caller.call();
      bodyBytes += answer.length;
      calls += 1;
    }
  };
  await Promise.all(
    Array.from({ length: connections }, async () => {
      await using caller = callerOf(port, call);
      await Promise.all(Array.from({ length: streams }, () => repeat(caller)));
    }),
  );
  return { calls, seconds: (performance.now() - startMs) / 1_000, bodyBytes };
}

/** Makes one call after another over one connection. */
export interface Caller extends AsyncDisposable {
  /** The answer's body. Rejects when the call fails. */
  call(): Promise<Buffer>;
}

/** A caller of a server on this machine. */
export function callerOf(port: number, call: Call): Caller {
  return call.wire === "http/1.1" ? http1Caller(port, call) : http2Caller(port, call);
}

function http2Caller(port: number, { wire, path, fields, body }: Call): Caller {
  const client = new Http2Client(
    {
      host: "127.0.0.1",
      port,
      connectionsMax: 1,
      queueMax: 10_000,
      ...(wire === "h2" ? { tls: { ca: clientTls.ca, serverName: "localhost" } } : {}),
    },
    systemClock,
    systemRng,
  );
  const request = { method: "POST", path, fields, body };
  return {
    async call() {
      const stream = client.openNow(request) ?? (await client.open(request));
      const answer = await stream.body(bodyBytesMax);
      const status = stream.trailer("grpc-status") ?? stream.header("grpc-status") ?? "0";
      if (stream.status === 200 && status === "0") return answer;
      const message = stream.trailer("grpc-message") ?? stream.header("grpc-message") ?? "";
      throw new Error(`${path} answers ${stream.status}, grpc-status ${status} ${message}`);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

function http1Caller(port: number, { path, fields, body }: Call): Caller {
  const agent = new Agent({ keepAlive: true });
  const headers = { ...Object.fromEntries(fields), "content-length": body.length };
  return {
    call: () =>
      new Promise((resolve, reject) => {
        const options = { agent, host: "127.0.0.1", port, path, method: "POST", headers };
        const request = requestHttp(options, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const answer = Buffer.concat(chunks);
            if (response.statusCode === 200) resolve(answer);
            else reject(new Error(`${path} answers ${response.statusCode}: ${answer}`));
          });
        });
        request.on("error", reject);
        request.end(body);
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}
