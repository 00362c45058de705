/** How a problem of a configuration reads: where, which setting, what is wrong, what to do. */

import { expect, test } from "vitest";
import { type Path, pathText, problemText } from "#yaml/problem.ts";

test.each<{ readonly path: Path; readonly text: string }>([
  { path: [], text: "" },
  { path: ["cores"], text: "cores" },
  { path: ["cores", 0, "url"], text: "cores[0].url" },
  { path: [0, 1, "a"], text: "[0][1].a" },
  { path: ["a", "b c", "d"], text: 'a."b c".d' },
  { path: ["x".repeat(64)], text: "x".repeat(64) },
  { path: ["a\n".repeat(64)], text: JSON.stringify("a\n".repeat(32)) },
])("a path is written as people write it: $text", ({ path, text }) => {
  expect(pathText(path)).toBe(text);
});

test("a problem names the setting and the hint where there are some", () => {
  const problem = { where: "flag --port", path: "gateway.port", message: "is no number" };
  expect(problemText(problem)).toBe("flag --port: gateway.port: is no number");
  expect(problemText({ ...problem, path: "", hint: "write 80" })).toBe(
    "flag --port: is no number (hint: write 80)",
  );
});
