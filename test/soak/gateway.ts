/** A gateway in a process of its own, with a small heap, watched through /proc. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { type ProcessFigures, processFigures } from "../support/process-figures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const heapMb = 512;
const startTimeoutMs = 20_000;

/** How a gateway is started. */
export interface GatewayOptions {
  readonly yaml?: string | undefined;
  /** Runs what `npm run build` made, in place of the source. */
  readonly isBuilt: boolean;
  /** Nobody reads what it logs. */
  readonly logIsUnread?: boolean | undefined;
}

/** A gateway that listens. Disposing of it kills it. */
export interface GatewayProcess extends AsyncDisposable, ProcessFigures {
  readonly port: number;
  /** How the process ended; undefined while it lives. */
  readonly death: string | undefined;
}

/** Starts a gateway and warms it up: what is loaded by the first calls is no growth. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  const port = await freePort();
  const args = options.isBuilt ? ["dist/cli/main.js"] : ["-C", "source", "src/cli/main.ts"];
  args.push("serve", "--host", "127.0.0.1", "--port", String(port));
  if (options.yaml !== undefined) {
    args.push("--config", await folder.write("gateway.yaml", options.yaml));
  }
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, ...args], {
    stdio: ["ignore", options.logIsUnread === true ? "pipe" : "ignore", "pipe"],
  });
  const watched = watch(child);
  opening.defer(watched.kill);
  await listens(port, watched);
  await warmUp(`http://127.0.0.1:${port}`);
  const owned = opening.move();
  return {
    port,
    get death() {
      return watched.death();
    },
    ...processFigures(child.pid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Watched {
  readonly death: () => string | undefined;
  readonly kill: () => Promise<void>;
}

function watch(child: ChildProcess): Watched {
  let complaint = "";
  let death: string | undefined;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(-8000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", (code, signal) => {
      const isFull = /FATAL ERROR: .*out of memory/.test(complaint);
      death = isFull ? "out of memory" : `${code ?? signal} ${lastLine(complaint)}`;
      resolve();
    });
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    death: () => death ?? child.signalCode ?? undefined,
    async kill() {
      kill();
      child.stdout?.destroy();
      await ended;
      process.off("exit", kill);
    },
  };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

async function listens(port: number, { death }: Watched): Promise<void> {
  const untilMs = performance.now() + startTimeoutMs;
  while (death() === undefined && performance.now() < untilMs) {
    const response = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(20);
  }
  throw new Error(`the gateway does not listen: ${death() ?? "time is up"}`);
}

async function warmUp(url: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  for (const [path, body] of [
    ["/api/v1/chat", { message: "what is 12*7?", use_tools: true }],
    ["/predict/digits", { file: readFileSync("models/digits/examples/7.png", "base64") }],
  ] as const) {
    const response = await fetch(url + path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  }
}
