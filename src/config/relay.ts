/** The section `relay`: operations of OpenAI's API other than chat. */

import { z } from "zod";
import { dialectPaths } from "#backends/llm/paths.ts";
import type { ProviderSettings } from "#backends/llm/provider-settings.ts";
import { size, text } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";
import type { RelaySettings } from "./settings.ts";

/** The section of the file. */
export const relay = z.strictObject({
  provider: text()
    .optional()
    .describe(
      "Provider of calls that name no model: files and batches, and moderations and images without one. The only one that speaks OpenAI's API, else `openai`, when absent.",
    ),
  id_secret: text("a secret of at least 32 visible ASCII characters", /^[\x21-\x7e]{32,}$/)
    .optional()
    .describe(
      "What ids of files and batches are signed with. When absent, a random one for this process: after a restart, and on another replica, earlier ids are unknown.",
    ),
  look_ahead: size("64MB")
    .prefault("4MB")
    .describe(
      "How much of an upload is read to find its `model`; the rest is passed on as it comes.",
    ),
});

type FileRelay = z.output<typeof relay>;

/** Its provider must speak OpenAI's API. */
export function relayFrom(
  { provider, id_secret: idSecret, look_ahead: aheadBytesMax }: FileRelay,
  providers: readonly ProviderSettings[],
  report: Report,
): RelaySettings {
  const able = providers.filter(({ dialect }) => dialectPaths[dialect].relaysOperations === true);
  if (provider !== undefined && !able.some(({ name }) => name === provider)) {
    const names = able.map(({ name }) => name).join(", ");
    report(
      ["relay", "provider"],
      "is no provider that speaks OpenAI's API",
      names === "" ? "there is none: configure one" : `name one of ${names}`,
    );
  }
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(idSecret === undefined ? {} : { idSecret }),
    aheadBytesMax,
  };
}
