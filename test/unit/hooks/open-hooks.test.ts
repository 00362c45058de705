/** Hooks that cannot be opened are told of by name, all of them where settings are only checked. */

import { expect, test } from "vitest";
import type { HookSettings } from "#hooks/hook-settings.ts";
import { hookProblems, openHooks } from "#hooks/open-hooks.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const settingsOf = (name: string, more: Partial<HookSettings>): HookSettings => ({
  name,
  source: { kind: "http", url: "http://127.0.0.1:9/judge", decisionBytesMax: 1_000 },
  models: [],
  timeoutMs: 1_000,
  onError: "deny",
  holds: false,
  streamBytesMax: 1_000,
  ...more,
});

const deps = () => ({
  clock: createManualClock(),
  metrics: createMetrics(),
  logger: createLogger({ level: "info", format: "json", output: "stdout" }, { write: () => true }),
});

test("modules that are none, and phases that a module has not, are told of by their hooks' names", async () => {
  await using folder = await temporaryFolder();
  const moduleAt = async (file: string, text: string) =>
    ({ kind: "module", path: await folder.write(file, text) }) as const;
  const before = await moduleAt("before.mjs", "export default { before() {} };");
  const sound = [
    settingsOf("sound", { source: before, phases: ["before"] }),
    settingsOf("remote", { phases: ["before", "after"] }),
  ];
  const broken = [
    settingsOf("half", { source: before, phases: ["before", "after"] }),
    settingsOf("bare", { source: await moduleAt("bare.mjs", "export const before = 1;") }),
    settingsOf("idle", { source: await moduleAt("idle.mjs", "export default {};") }),
    settingsOf("torn", { source: await moduleAt("torn.mjs", 'throw new Error("no licence");') }),
  ];
  expect(await hookProblems(sound)).toEqual([]);
  expect(await hookProblems([...sound, ...broken])).toEqual([
    `hook half: ${before.path}: its default export has no after`,
    expect.stringMatching(/^hook bare: .*bare\.mjs has no default export with before or after$/),
    expect.stringMatching(
      /^hook idle: .*idle\.mjs: its default export has neither before nor after$/,
    ),
    expect.stringMatching(/^hook torn: .*torn\.mjs cannot be loaded: Error: no licence$/),
  ]);
  await expect(openHooks([...sound, ...broken], deps())).rejects.toThrow(/^hook half: /);
  await using hooks = await openHooks(sound, deps());
  expect(hooks.for("before", "m").map(({ settings }) => settings.name)).toEqual([
    "sound",
    "remote",
  ]);
  expect(hooks.for("after", "m").map(({ settings }) => settings.name)).toEqual(["remote"]);
});
