import { describe, expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

describe("logging.output", () => {
  test("a file is taken from the configuration's folder on, and gets JSON", () => {
    const { logging } = settingsOf(loadYaml("logging: { output: gateway.log }"));
    expect(logging).toEqual({
      level: "info",
      routing: false,
      format: "json",
      output: expect.stringMatching(/^\/.*\/gateway\.log$/),
    });
  });

  test("a folder that is not there is refused by its name in the file", () => {
    expect(problemsOf(loadYaml("logging: { output: /no/such/gateway.log }"))).toEqual([
      expect.stringContaining("logging.output: is in a folder that is not there"),
    ]);
  });
});

test("a project of Google's is refused where lines have no field for it", () => {
  const yaml = "logging: { format: json, gcp_project: my-project-1 }";
  expect(problemsOf(loadYaml(yaml))).toEqual([
    expect.stringContaining("logging.gcp_project: has no effect without `format: gcp`"),
  ]);
  const { logging } = settingsOf(loadYaml("logging: { format: gcp, gcp_project: my-project-1 }"));
  expect(logging).toMatchObject({ format: "gcp", gcpProject: "my-project-1" });
});
