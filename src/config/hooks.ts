/** The section `hooks`: modules and endpoints that judge chats, in their order. */

import { resolve } from "node:path";
import { z } from "zod";
import type { HookSettings, HookSource } from "#hooks/hook-settings.ts";
import type { Path } from "#yaml/problem.ts";
import { duration, flag, size, text, textThat } from "#yaml/scalar.ts";
import { isBaseUrl } from "./providers.ts";
import type { Report } from "./report.ts";

const hooksMax = 64;

const hook = z.strictObject({
  name: text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/).describe(
    "Name in logs, metrics and errors; unique.",
  ),
  module: text()
    .optional()
    .describe(
      "An ES module whose default export has `before`, `after` or both; paths count from the configuration file's folder.",
    ),
  url: textThat(
    "an address such as https://guard.example.com/judge, without user or query",
    isBaseUrl,
  )
    .optional()
    .describe("Instead of `module`: where questions are posted as JSON."),
  token: text("a token of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe("Shown to `url` as a bearer token."),
  when: z
    .array(z.enum(["before", "after"]))
    .min(1)
    .optional()
    .describe(
      "When it is called: `before` with requests, `after` with responses. Both, or what the module exports, when absent.",
    ),
  models: z
    .array(text())
    .min(1)
    .optional()
    .describe(
      "Models, routes and providers whose chats it is called for, by the name that clients use; `openai/*` is a beginning. Every chat when absent.",
    ),
  timeout: duration("10m").prefault("5s").describe("Time limit of one call of the hook."),
  on_error: z
    .enum(["deny", "allow"])
    .default("deny")
    .describe("What happens to a chat when the hook fails or takes too long."),
  hold: flag()
    .prefault(false)
    .describe(
      "Hold a stream back, for at most `gateway.timeout`, until the hook has judged all of it. Otherwise the hook sees a stream only after its end, and cannot change it.",
    ),
  max_stream_size: size("1GB")
    .prefault("4MB")
    .describe(
      "Largest stream that is held in memory for it; for a larger one the hook counts as failed.",
    ),
  max_decision_size: size("1GB").prefault("1MB").describe("Largest response of `url`."),
});

/** The section of the file. */
export const hooksSchema = z
  .array(hook)
  .max(hooksMax)
  .prefault([])
  .describe("Modules and endpoints that allow, deny or replace requests and responses of chats.");

type FileHook = z.output<typeof hook>;

function sourceOf(
  { module, url, token, max_decision_size }: FileHook,
  at: { readonly path: Path; readonly folder: string; readonly report: Report },
): HookSource | undefined {
  const { path, folder, report } = at;
  if (module !== undefined && url !== undefined) {
    report([...path, "url"], "cannot be combined with module", "keep one of them");
  }
  if (url === undefined && token !== undefined) {
    report([...path, "token"], "is for a hook with `url`");
  }
  if (module !== undefined) return { kind: "module", path: resolve(folder, module) };
  if (url === undefined) {
    report(path, "needs a module or a url");
    return undefined;
  }
  const shared = { kind: "http", url, decisionBytesMax: max_decision_size } as const;
  return token === undefined ? shared : { ...shared, token };
}

/** The hooks in their order. Their modules are not loaded here. */
export function hooksFrom(
  written: z.output<typeof hooksSchema>,
  folder: string,
  report: Report,
): HookSettings[] {
  const names = new Set<string>();
  return written.flatMap((one, index) => {
    const path: Path = ["hooks", index];
    const { name, when, models = [], hold } = one;
    if (names.has(name)) report([...path, "name"], "is the name of an earlier hook, too");
    names.add(name);
    if (hold && when !== undefined && !when.includes("after")) {
      report([...path, "hold"], "needs `after` in `when`: it is about responses");
    }
    const source = sourceOf(one, { path, folder, report });
    if (source === undefined) return [];
    return {
      name,
      source,
      ...(when === undefined ? {} : { phases: when }),
      models,
      timeoutMs: one.timeout,
      onError: one.on_error,
      holds: hold,
      streamBytesMax: one.max_stream_size,
    };
  });
}
