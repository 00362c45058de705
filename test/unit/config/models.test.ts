/** The section `models`: how often the repository is looked at. */

import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const rows = [
  { yaml: "{}", watchMs: 5_000 },
  { yaml: "models: { watch: 500ms }", watchMs: 500 },
  { yaml: "models: { watch: 0 }", watchMs: 0 },
];
test.each(rows)("$yaml looks every $watchMs ms, never at 0", ({ yaml, watchMs }) => {
  expect(settingsOf(loadYaml(yaml)).onnx.watchMs).toBe(watchMs);
});

test("what is no duration is refused", () => {
  const [problem] = problemsOf(loadYaml("models: { watch: true }"));
  expect(problem).toContain("models.watch: expected a duration");
});
