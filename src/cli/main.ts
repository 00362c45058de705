/** The entry point: prepares the process, runs the command, and exits with its code. */

import { enableCompileCache } from "node:module";
import { isatty } from "node:tty";
import type { Settings } from "#config/settings.ts";
import type { CoreServerOptions } from "#core-server.ts";
import type { Logger } from "#observability/logger.ts";
import { folded } from "#terminal/folded-text.ts";
import { debuggerOf } from "./debugger.ts";
import { collectAlone, holdWhileLoading, keepCallsYoung } from "./loading-flags.ts";
import type { Serving, StartGateway } from "./serve.ts";
import type { Console, Terminal } from "./terminal.ts";

// onnxruntime reads this when it is loaded, and the compile cache only helps modules that are loaded
// later: hence the dynamic imports below.
process.env.ORT_DISABLE_TELEMETRY = "1";
enableCompileCache();
keepCallsYoung();
collectAlone();
const stopHolding = holdWhileLoading();

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  debugger: () => debuggerOf(process.execArgv, process.env.NODE_OPTIONS),
  // Not by the streams themselves: to make that of the input takes 8 ms.
  terminals: (["stdin", "stdout", "stderr"] as const).filter((_, descriptor) => isatty(descriptor)),
  columns: columnsOf(process.stdout),
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${folded(text, columnsOf(process.stderr))}\n`),
};

// Everything is disposed of; a thread of a native library must not keep the process alive.
process.exit(await run(process.argv.slice(2)));

/** Columns of a terminal; undefined where a stream is none. */
function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number | undefined {
  return isTTY ? columns || 80 : undefined;
}

/** Resolves when all output is written (a pipe takes 64 KiB at a time), or when its reader is gone. */
async function written(): Promise<void> {
  const { stdout } = process;
  await new Promise<void>((resolve) => {
    stdout.once("error", () => resolve());
    stdout.write("", () => resolve());
  });
}

/** Runs a command that asks a gateway: an interrupt ends its calls, and all output is written. */
async function asking(run: (console: Console) => Promise<number>): Promise<number> {
  const { openConsole } = await import("./console.ts");
  const { exitCode } = await openConsole(terminal, run);
  await written();
  return exitCode;
}

/** Waits for a server to start; from then on calls allocate memory, and not loading. */
async function loaded<T>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  stopHolding();
  return server;
}

async function run(argv: readonly string[]): Promise<number> {
  const [first = "serve", ...others] = argv;
  if (first === "--version" || first === "-v") return run(["version"]);
  if (first === "help") return run([...others.slice(0, 1), "--help"]);
  const [command, flags] = first.startsWith("-") ? ["serve", argv] : [first, others];
  switch (command) {
    case "serve": {
      const { serve } = await import("./serve.ts");
      const start: StartGateway = async (settings, logger, given) =>
        loaded<Serving>(
          settings.workers === 1
            ? (await import("#gateway.ts")).startGateway(settings, logger, given)
            : (await import("#workers/start-workers.ts")).startWorkers(settings, logger, given),
        );
      return serve(flags, terminal, start);
    }
    case "core": {
      const { core } = await import("./core.ts");
      const start = async (options: CoreServerOptions, logger: Logger) =>
        loaded((await import("#core-server.ts")).startCore(options, logger));
      return core(flags, terminal, start);
    }
    case "check": {
      const { check } = await import("./check.ts");
      return check(flags, terminal);
    }
    case "config": {
      const { config } = await import("./config.ts");
      return asking((console) => config(flags, console));
    }
    case "health": {
      const { health } = await import("./health.ts");
      return health(flags, terminal);
    }
    case "models": {
      const { models } = await import("./models.ts");
      return asking((console) => models(flags, console));
    }
    case "keys": {
      const { keys } = await import("./keys.ts");
      return asking((console) => keys(flags, console));
    }
    case "chat": {
      const { chat } = await import("./chat.ts");
      return asking((console) => chat(flags, console));
    }
    case "predict": {
      const { predict } = await import("./predict.ts");
      return asking((console) => predict(flags, console));
    }
    case "top": {
      const { top } = await import("./top.ts");
      return asking((console) => top(flags, console));
    }
    case "completion": {
      const { completion } = await import("./completion.ts");
      return completion(flags, terminal);
    }
    case "migrate": {
      const { migrate } = await import("./migrate.ts");
      return migrate(flags, terminal);
    }
    case "openapi": {
      const { openapi } = await import("./openapi.ts");
      const write = async ({ auth, listeners, rest, uploads }: Settings) => {
        const [{ openApiDocument }, { shownAccess }] = await Promise.all([
          import("#openapi-document.ts"),
          import("#identity/access.ts"),
        ]);
        // The first that would serve it.
        const shown = listeners.find(({ serves }) => serves.includes("rest"));
        const { name = "" } = shown ?? {};
        const access = shownAccess(auth)(name);
        const takesUploads = uploads !== undefined;
        const leavesOutAdmin = shown?.serves.includes("admin") === false;
        return openApiDocument({ access, takesUploads, leavesOutAdmin, rest });
      };
      const exitCode = await openapi(flags, terminal, write);
      await written();
      return exitCode;
    }
    case "version": {
      const { version } = await import("./version.ts");
      return version(terminal);
    }
    default: {
      const { unknownCommand } = await import("./help.ts");
      terminal.err(unknownCommand(command));
      return 2;
    }
  }
}
