/** How a long-running command ends: by a signal, or by an uncaught error. */

import { flushed, type Logger } from "#observability/logger.ts";

/**
 * Resolves with the first SIGTERM or SIGINT, or SIGHUP when a terminal closes. A second one ends the
 * process at once with status 1, without waiting for active calls. Without a terminal, SIGHUP is a
 * request to read the configuration again, which goes to `onHangup`.
 */
export function stopAsked(
  logger: Logger,
  onHangup: (signal: NodeJS.Signals) => void,
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        // The log is flushed at once; a reader that stalls is not waited for.
        void flushed(logger);
        process.exit(1);
      }
      asked = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    process.on("SIGHUP", (signal) => {
      if (process.stdout.isTTY) onSignal(signal);
      else onHangup(signal);
    });
  });
}

/** SIGUSR1, with which Node opens the port of its debugger, is logged and has no effect. */
export function refuseDebugger(logger: Logger): void {
  process.on("SIGUSR1", (signal) => logger.warn({ signal }, "production opens no debugger"));
}

/** Logs an uncaught error and ends the process with status 1, because its state is unknown. */
export function exitOnCrash(logger: Logger): void {
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "uncaught exception");
    void flushed(logger).then(() => process.exit(1));
  });
}

/** Flushes the log when the scope ends, before the process exits. */
export function flushAtEnd(logger: Logger): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => flushed(logger) };
}
