/** `polygate serve`: reads the settings and runs the gateway until a signal stops it. */

import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import { packageVersion } from "#core/version.ts";
import { shownAccess } from "#identity/access.ts";
import { causeText } from "#observability/cause-text.ts";
import { createLogger, type Logger } from "#observability/logger.ts";
import type { ConfigurationSource } from "#reload/reloads.ts";
import { problemText } from "#yaml/problem.ts";
import { type BannerFacts, bannerText } from "./banner.ts";
import { configurationFrom, toldHelp } from "./command-settings.ts";
import { keyVariable } from "./key-variable.ts";
import { exitOnCrash, flushAtEnd, refuseDebugger, stopAsked } from "./lifetime.ts";
import { passedSockets, socketVariables } from "./passed-sockets.ts";
import { sampleImage } from "./sample-image.ts";
import { startFailureText } from "./start-failure.ts";
import type { Terminal } from "./terminal.ts";

/** What `serve` needs of a running gateway. */
export interface Serving extends AsyncDisposable {
  /** Its listeners, backends and models. */
  facts(): Pick<BannerFacts, "listeners" | "backends" | "models">;
  /** Resolves when every model has loaded or failed to. */
  ready(): Promise<void>;
  /** Stops taking calls; resolves when those in progress have ended or their time is up. */
  drain(): Promise<void>;
  /** Opens files again that may have been moved away. */
  reopenFiles(): void;
  /** Reads the configuration again, and serves by it where it is sound. */
  reload(cause: "signal"): Promise<unknown>;
  /** Replaces the threads that serve calls, and leaves a line of it; absent where there is one. */
  restart?(): Promise<void>;
  /** Resolves when it cannot go on, and another process has to try. */
  readonly givenUp?: Promise<void>;
}

/** Starts a gateway. */
export type StartGateway = (
  settings: Settings,
  logger: Logger,
  given: {
    /** Where settings are read again from. */
    readonly source: ConfigurationSource;
    /** Sockets that the process was started with, by the name of their listener. */
    readonly sockets: ReadonlyMap<string, number>;
  },
) => Promise<Serving>;

/** Takes SIGHUP: before there is a gateway it is kept for it. */
class Hangups {
  readonly #logger: Logger;
  #gateway: Serving | undefined;
  #isWaiting = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  readonly onSignal = (): void => {
    this.#isWaiting = this.#gateway === undefined;
    this.#logger.reopen();
    this.#gateway?.reopenFiles();
    void this.#gateway?.reload("signal");
  };

  serve(gateway: Serving): void {
    this.#gateway = gateway;
    if (this.#isWaiting) this.onSignal();
  }
}

/** The status of a process that should be started again; sysexits.h calls it EX_SOFTWARE. */
const givenUpStatus = 70;

/** How long the banner waits for models to load. */
const bannerDelayMs = 1_500;

/** The log; undefined, with the cause on stderr, where its file cannot be opened. */
function openedLogger({ logging }: Settings, terminal: Terminal): Logger | undefined {
  try {
    return createLogger(logging);
  } catch (error) {
    terminal.err(`polygate could not start: logging.output: ${causeText(error)}`);
    return undefined;
  }
}

/** Runs until a signal comes, then drains. Returns the exit code. */
export async function serve(
  argv: readonly string[],
  terminal: Terminal,
  start: StartGateway,
): Promise<number> {
  if (toldHelp(argv, terminal)) return 0;
  const configuration = configurationFrom(argv, terminal);
  if (configuration === undefined) return 1;
  const { settings, source } = configuration;
  const passed = passedSockets(terminal.env, process.pid, settings.listeners);
  if ("problem" in passed) {
    terminal.err(`polygate could not start: ${passed.problem}`);
    return 1;
  }
  for (const name of socketVariables) delete process.env[name];
  const logger = openedLogger(settings, terminal);
  if (logger === undefined) return 1;
  exitOnCrash(logger);
  if (settings.environment === "production") refuseDebugger(logger);
  await using _flush = flushAtEnd(logger);
  // Before the start, so that a signal during the start is not lost.
  const hangups = new Hangups(logger);
  const stop = stopAsked(logger, hangups.onSignal);
  let gateway: Serving;
  let exitCode = 0;
  try {
    gateway = await start(settings, logger, { source, sockets: passed.sockets });
  } catch (error) {
    const { listeners, onnx } = settings;
    const text = startFailureText(error, listeners, onnx.repositoryPath);
    terminal.err(`polygate could not start: ${text}`);
    return 1;
  }
  {
    await using _gateway = gateway;
    const isShown = terminal.terminals.includes("stdout");
    // On a terminal the banner tells them, in fewer lines.
    const { listeners } = gateway.facts();
    const isTold = isShown && settings.logging.output === "stdout";
    logger.info(isTold ? {} : { listeners }, "listening");
    hangups.serve(gateway);
    for (const warning of settings.warnings) logger.warn(problemText(warning));
    if (settings.unused.length > 0) {
      logger.warn({ names: settings.unused }, "configured and not used by this version");
    }
    if (gateway.restart !== undefined) {
      process.on("SIGUSR2", () => void gateway.restart?.());
    }
    await settleWithin(Promise.race([gateway.ready(), stop]), bannerDelayMs, systemClock);
    // Where stdout is no terminal a program reads it: it gets log lines only.
    if (isShown) terminal.out(banner(settings, gateway, terminal));
    else logger.info({ version: packageVersion, ...gateway.facts() }, "up");
    const gaveUp = gateway.givenUp?.then(() => {
      exitCode = givenUpStatus;
      return undefined;
    });
    logger.info({ signal: await Promise.race([stop, gaveUp ?? stop]) }, "draining");
    await gateway.drain();
  }
  logger.info("stopped");
  return exitCode;
}

/** How this program is called where it was started: by a script of the clone, by npx, by its name. */
function programOf(env: Terminal["env"]): string {
  if (env.npm_lifecycle_event === "start" || env.npm_lifecycle_event === "polygate") {
    return "npm run -s polygate --";
  }
  return env.npm_command === "exec" ? "npx polygate" : "polygate";
}

function banner(
  { auth, keyStore, listeners, onnx }: Settings,
  gateway: Serving,
  { env, cwd }: Terminal,
): string {
  const sample = sampleImage(onnx.repositoryPath, cwd);
  // The commands go to the first listener that takes them.
  const { name = "" } = listeners.find(({ serves }) => serves.includes("rest")) ?? {};
  const { enabled, accepts } = shownAccess(auth)(name);
  const { keys, tokens, users, certificates } = auth;
  const taken = {
    keys: accepts.includes("key") ? keys : [],
    tokens: accepts.includes("token") ? tokens : undefined,
    users: accepts.includes("password") ? users : undefined,
    certificates: accepts.includes("certificate") ? certificates : undefined,
  };
  const keepsKeys = keyStore !== undefined && accepts.includes("key");
  return bannerText({
    version: packageVersion,
    program: programOf(env),
    ...gateway.facts(),
    ...(enabled && { key: keyVariable(env, taken, keepsKeys) }),
    ...(sample === undefined ? {} : { sample }),
  });
}
