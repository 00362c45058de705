/** Which model and version a request means: by number, by label, here or elsewhere, and what is said of those that are not there. */

import { describe, expect, test } from "vitest";
import type { ModelStatus } from "#backends/backend.ts";
import { choiceOf, type ModelSource, modelOf } from "#services/model-choice.ts";
import { isServed, metadataOf } from "#services/oip-models.ts";
import { refusal } from "../../support/predict.ts";

const model: ModelStatus = {
  name: "m",
  state: "available",
  version: "2",
  versions: [
    { version: "1", state: "unloaded" },
    { version: "2", state: "available" },
    { version: "3", state: "failed", error: "broken" },
    { version: "4", state: "available" },
  ],
  labels: { stable: "2", canary: "4" },
  inputs: [],
  outputs: [],
  spec: {
    aliases: [],
    description: "",
    labels: [],
    meaning: { kind: "tensor" },
    batchMax: 1,
    warmUpRuns: 0,
  },
};

const call = { signal: new AbortController().signal, requestId: "r" };
const fields = { model: "model_name", version: "model_version" };

function chosen(written: string, status: ModelStatus = model) {
  const source: ModelSource = { find: (name) => (name === "m" ? status : undefined) };
  return modelOf(source, { model: "m", ...choiceOf(written) }, call, fields);
}

test.each([
  ["", { version: "" }],
  ["7", { version: "7" }],
  ["canary", { version: "", label: "canary" }],
  ["7a", { version: "", label: "7a" }],
])("%j is read as %j", (written, choice) => {
  expect(choiceOf(written)).toEqual(choice);
});

test.each(["", "1", "2", "3", "stable", "canary"])("%j is there", async (written) => {
  expect(await chosen(written)).toBe(model);
});

describe("what is not there is not found, and what is there is told:", () => {
  test.each([
    ["5", 'model "m" has no version "5": there is "1", "2", "3", "4"'],
    ["new", 'model "m" has no label "new": there is "stable", "canary"'],
    ["toString", 'model "m" has no label "toString": there is "stable", "canary"'],
  ])("%s", async (written, message) => {
    expect(await refusal(chosen(written))).toEqual({
      reason: "MODEL_UNKNOWN",
      message,
      fields: ["model_version"],
    });
  });

  test("a model, by the field that names it", async () => {
    const wanted = { model: "other", version: "" };
    const source: ModelSource = { find: () => undefined };
    expect(await refusal(modelOf(source, wanted, call, fields))).toMatchObject({
      reason: "MODEL_UNKNOWN",
      fields: ["model_name"],
    });
  });

  test("labels, where a model has none", async () => {
    const { labels: _, ...plain } = model;
    expect(await refusal(chosen("new", plain))).toMatchObject({
      message: 'model "m" has no label "new": it has none',
    });
  });
});

test("a server elsewhere may have labels that it tells no one of", async () => {
  const { labels: _, ...plain } = model;
  const elsewhere = { ...plain, backend: "tensorflow" };
  expect(await chosen("new", elsewhere)).toBe(elsewhere);
});

test("who has to ask others is asked with what is meant", async () => {
  const asked: unknown[] = [];
  const source: ModelSource = {
    find: () => undefined,
    async status(wanted) {
      asked.push(wanted);
      return model;
    },
  };
  const wanted = { model: "alias", version: "", label: "canary" };
  expect(await modelOf(source, wanted, call, fields)).toBe(model);
  expect(asked).toEqual([wanted]);
});

test("a model of which no version is known is the backend's to tell of", async () => {
  const { versions: _, ...plain } = model;
  const unloaded = { ...plain, version: "", state: "unloaded" } as const;
  expect(await chosen("1", unloaded)).toBe(unloaded);
});

test("a label is ready as its version is, and metadata names that version", () => {
  const ready = (written: string) => isServed(model, choiceOf(written));
  expect(["", "1", "2", "3", "stable", "canary"].map(ready)).toEqual([
    true,
    false,
    true,
    false,
    true,
    true,
  ]);
  const versions = (written: string) =>
    metadataOf(model, { kind: "onnx", choice: choiceOf(written) }).versions;
  expect([versions(""), versions("canary"), versions("2")]).toEqual([["2", "4"], ["4"], ["2"]]);
});
