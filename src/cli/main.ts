/** The entry point: prepares the process, runs the command, and exits with its code. */

import { enableCompileCache } from "node:module";
import type { Settings } from "#config/settings.ts";
import type { CoreServerOptions } from "#core-server.ts";
import type { Logger } from "#observability/logger.ts";
import { debuggerOf } from "./debugger.ts";
import { collectAlone, holdWhileLoading, keepCallsYoung } from "./loading-flags.ts";
import type { Serving, StartGateway } from "./serve.ts";
import type { Terminal } from "./terminal.ts";

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
  terminals: (["stdout", "stderr"] as const).filter((name) => process[name].isTTY),
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
};

// Everything is disposed of; a thread of a native library must not keep the process alive.
process.exit(await run(process.argv.slice(2)));

/** Resolves when all output is written (a pipe takes 64 KiB at a time), or when its reader is gone. */
async function written(): Promise<void> {
  const { stdout } = process;
  await new Promise<void>((resolve) => {
    stdout.once("error", () => resolve());
    stdout.write("", () => resolve());
  });
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
      return config(flags, terminal);
    }
    case "health": {
      const { health } = await import("./health.ts");
      return health(flags, terminal);
    }
    case "models": {
      const { models } = await import("./models.ts");
      return models(flags, terminal);
    }
    case "keys": {
      const { keys } = await import("./keys.ts");
      return keys(flags, terminal);
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
        const { name = "" } = listeners.find(({ serves }) => serves.includes("rest")) ?? {};
        const access = shownAccess(auth)(name);
        return openApiDocument({ access, takesUploads: uploads !== undefined, rest });
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
