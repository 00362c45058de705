/** A whole gateway on free ports, as `polygate serve` starts it. */

import type { Loaded } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { sourceFacts } from "#config/source-facts.ts";
import { createLogger } from "#observability/logger.ts";
import type { ConfigurationSource } from "#reload/reloads.ts";
import { problemText } from "#yaml/problem.ts";
import { type Gateway, startGateway } from "../../src/gateway.ts";
import { ConfigFolder } from "./config-folder.ts";

/** A running gateway and what it wrote to its log. */
export interface RunningGateway extends AsyncDisposable {
  /** URL of the first listener. */
  readonly url: string;
  /** URLs of all listeners by name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly gateway: Gateway;
  /** The log's lines, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** Resolves with the first line, old or new, that `wanted` takes. */
  line(wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Serves by other settings; resolves when the generation before is closed. */
  replace(settings: Settings): Promise<void>;
}

/** What a gateway is started with. */
export interface GatewayFacts {
  /** Text of its configuration file. */
  readonly yaml?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  /** What it reads again; the same as at the start when absent. */
  readonly source?: ConfigurationSource;
}

/** A source that always reads the same, and has no files. */
function sourceOf({ sources, ...loaded }: Loaded): ConfigurationSource {
  const facts = { ...sourceFacts(sources, Date.now()), files: [] };
  return { started: facts, read: () => ({ ...loaded, facts }) };
}

/** Starts a gateway from configuration; without any, on a free port of loopback. */
export async function startTestGateway(facts: GatewayFacts = {}): Promise<RunningGateway> {
  const { env = {}, argv = [] } = facts;
  using folder = new ConfigFolder({
    "gateway.yaml": facts.yaml ?? "gateway: { host: 127.0.0.1, port: 0 }",
  });
  const loaded = folder.load(env, argv);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join("\n"));

  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const logger = createLogger(
    { level: "debug", format: "json", output: "stdout" },
    {
      write(line) {
        lines.push(JSON.parse(line));
        for (const look of waiting) look();
      },
    },
  );
  const gateway = await startGateway(loaded.settings, logger, {
    source: facts.source ?? sourceOf(loaded),
  });
  await gateway.ready();
  const { listeners } = gateway.facts();
  return {
    url: (listeners[0]?.url ?? "").replace("localhost", "127.0.0.1"),
    urls: Object.fromEntries(listeners.map(({ name, url }) => [name, url])),
    gateway,
    lines,
    async line(wanted) {
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
      const look = () => {
        const found = lines.find(wanted);
        if (found !== undefined) resolve(found);
      };
      waiting.add(look);
      look();
      const found = await promise;
      waiting.delete(look);
      return found;
    },
    async replace(settings) {
      await using prepared = await gateway.prepare(settings);
      await prepared.take();
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** The bytes of a digit that the shipped classifier was never trained on. */
export const digitImage = (digit: number) =>
  new URL(`../../models/digits/examples/${digit}.png`, import.meta.url);
