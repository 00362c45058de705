/** The setting `workers`, and what is refused beside it. */

import { expect, test } from "vitest";
import { loadSettings } from "#config/load.ts";
import { problemText } from "#yaml/problem.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** What a file, flags and environment come to. */
async function loaded(yaml: string, argv: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  await using folder = await temporaryFolder();
  const config = await folder.write("gateway.yaml", yaml);
  const terminal = { cwd: folder.path, terminals: [] as const };
  const result = loadSettings({ argv: ["--config", config, ...argv], env, ...terminal });
  return result.ok
    ? { workers: result.settings.workers }
    : result.problems.map((problem) => problemText(problem).replace(folder.path, ""));
}

test("one thread is the default; a flag wins over the environment, and that over the file", async () => {
  expect(await loaded("{}")).toEqual({ workers: 1 });
  expect(await loaded("workers: 3")).toMatchObject({ workers: 3 });
  expect(await loaded("workers: 3", [], { WORKERS: "4" })).toMatchObject({ workers: 4 });
  const argv = ["--workers", "5"];
  expect(await loaded("workers: 3", argv, { WORKERS: "4" })).toMatchObject({ workers: 5 });
});

test("auto is a thread for each processor", async () => {
  const told = await loaded("workers: auto");
  expect(told).toMatchObject({ workers: expect.any(Number) });
});

test.each(["0", "65", "1.5", "many", "true", '""'])(
  "workers: %s is no number of threads",
  async (value) => {
    expect(await loaded(`workers: ${value}`)).toEqual([
      expect.stringContaining("workers: expected auto, or an integer from 1 to 64"),
    ]);
  },
);

test.each([
  [
    "providers: { openai: { api_key: x, max_concurrent: 1 } }",
    "providers.openai.max_concurrent: is less than `workers` (2), which share it",
  ],
])("what several threads cannot share is refused: %s", async (yaml, words) => {
  expect(await loaded(`workers: 2\n${yaml}`)).toEqual([expect.stringContaining(words)]);
  expect(await loaded(yaml)).toMatchObject({ workers: 1 });
});
