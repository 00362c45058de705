/** A gateway in front of a double of each of some dialects, for the tests of one file. */

import { afterAll, beforeAll, beforeEach } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { type RunningGateway, startTestGateway } from "./gateway.ts";
import { type ReceivedRequest, type RunningProviders, startProviders } from "./provider-double.ts";

/** The key of its clients. */
export const clientKey = "a-key-that-is-long-enough";

/** What is running while the file's tests run. */
export interface DialectGateway<N extends DialectName> {
  readonly url: string;
  readonly providers: RunningProviders<N>;
  /** What all providers have received since the test began. */
  heard(): ReceivedRequest[];
}

/**
 * Starts it before the tests of the file, and ends it after them. Each dialect is a provider of its name;
 * `more` are further lines of `providers`, `settings` further sections.
 */
export function useDialectGateway<N extends DialectName>(
  dialects: readonly N[],
  {
    more = () => "",
    settings = "",
  }: {
    readonly more?: (providers: RunningProviders<N>) => string;
    readonly settings?: string;
  } = {},
): DialectGateway<N> {
  let gateway: RunningGateway;
  let providers: RunningProviders<N>;

  beforeAll(async () => {
    providers = await startProviders(dialects);
    const provider = (name: N) =>
      `  ${name}: { dialect: ${name === "openai-chat" ? "openai" : name}, base_url: "${providers[name].url}", api_key: upstream-key }`;
    gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: client, key: ${clientKey} }] }
providers:
${[...dialects.map(provider), more(providers)].join("\n")}
${settings}
`,
    });
  }, 30_000);

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await providers[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    for (const name of dialects) providers[name].received.length = 0;
  });

  return {
    get url() {
      return gateway.url;
    },
    get providers() {
      return providers;
    },
    heard: () => dialects.flatMap((name) => providers[name].received),
  };
}
