/** The section `uploads`: whether files are taken, where they lie, for how long and how many. */

import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

test("files are taken unless that is switched off, by the file or the environment", () => {
  expect(settingsOf(loadYaml("{}")).uploads).toEqual({
    folder: tmpdir(),
    retentionMs: 3_600_000,
    limits: {
      all: { files: 1000, bytes: 1024 ** 3 },
      perOwner: { files: 250, bytes: 256 * 1024 ** 2 },
    },
  });
  expect(settingsOf(loadYaml("uploads: { enabled: false }")).uploads).toBeUndefined();
  expect(settingsOf(loadYaml("{}", { ENABLE_FILE_UPLOAD: "false" })).uploads).toBeUndefined();
  expect(settingsOf(loadYaml("{}", { ENABLE_FILE_UPLOAD: "true" })).uploads).toBeDefined();
});

test.each([
  ["{ folder: not-there }", /uploads\.folder: is not there/],
  ["{ retention: 8d }", /uploads\.retention/],
  ["{ max_files: 0 }", /uploads\.max_files/],
  ["{ max_bytes: 1MB }", /uploads\.max_bytes/],
])("%s is refused", (uploads, problem) => {
  expect(problemsOf(loadYaml(`uploads: ${uploads}`))).toEqual([expect.stringMatching(problem)]);
});

test("ENABLE_FILE_UPLOAD takes true and false alone", () => {
  const problems = problemsOf(loadYaml("{}", { ENABLE_FILE_UPLOAD: "perhaps" }));
  expect(problems).toEqual([expect.stringMatching(/ENABLE_FILE_UPLOAD/)]);
});
