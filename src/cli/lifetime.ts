/** How a long-running command ends: asked by a signal, or by an error that no one caught. */

import { flushed, type Logger } from "#observability/logger.ts";

/**
 * Resolves with the first SIGTERM or SIGINT, or SIGHUP when a terminal closes. The second one ends
 * the process at once with status 1: whoever asks twice does not want to wait for active calls.
 * Elsewhere SIGHUP asks for another reading of the configuration: that is logged and passed over.
 */
export function stopAsked(logger: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        // What was logged goes out at once; no one waits for a reader that stalls.
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
      else
        logger.warn({ signal }, "configuration is not read again while running: restart instead");
    });
  });
}

/** Logs an error that no one caught and ends the process with status 1: its state is not known. */
export function exitOnCrash(logger: Logger): void {
  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "uncaught exception");
    void flushed(logger).then(() => process.exit(1));
  });
}

/** Sends out what was logged when the scope ends: the process exits after it. */
export function flushAtEnd(logger: Logger): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => flushed(logger) };
}
