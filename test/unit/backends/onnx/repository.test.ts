import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainSpec } from "#backends/onnx/model-yaml.ts";
import { modelRepository } from "#backends/onnx/repository.ts";
import { refusal } from "../../../support/predict.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

describe("what counts as a model", () => {
  test("a folder with a version or a model.yaml does, anything else is left alone", async () => {
    await using folder = await temporaryFolder();
    await folder.write("plain/1/model.onnx", "");
    await folder.write("described/model.yaml", "");
    await folder.write("training/train.ts", "");
    await folder.write("training/1/notes.txt", "");
    await folder.write(".hidden/1/model.onnx", "");
    await folder.write("README.md", "");
    await folder.write("with space/1/model.onnx", "");
    expect(await modelRepository(folder.path).names()).toEqual(["described", "plain"]);
  });

  test("a link to a folder does too: mounts are made of them", async () => {
    await using folder = await temporaryFolder();
    await folder.write("..data/1/model.onnx", "");
    await symlink(join(folder.path, "..data"), join(folder.path, "mounted"));
    expect(await modelRepository(folder.path).names()).toEqual(["mounted"]);
  });

  test("without a repository there is an error that does not tell where it should be", async () => {
    await using folder = await temporaryFolder();
    const absent = modelRepository(join(folder.path, "absent"));
    expect(await refusal(absent.names())).toEqual({
      reason: "MODEL_LOAD_FAILED",
      message: "the model repository cannot be read",
      fields: [],
    });
  });
});

describe("reading a model", () => {
  test("versions are numbers with a model.onnx, the newest last", async () => {
    await using folder = await temporaryFolder();
    for (const version of ["9", "10", "2"]) await folder.write(`m/${version}/model.onnx`, "");
    await folder.write("m/11/model.onnx.part", "");
    await folder.write("m/v12/model.onnx", "");
    const repository = modelRepository(folder.path);
    expect(await repository.read("m")).toEqual({ spec: plainSpec, versions: ["2", "9", "10"] });
    expect(repository.file("m", "10")).toBe(join(folder.path, "m", "10", "model.onnx"));
  });

  test("labels come from the file beside model.yaml, a line each", async () => {
    await using folder = await temporaryFolder();
    await folder.write("m/1/model.onnx", "");
    await folder.write(
      "m/model.yaml",
      "output: { kind: classification, name: y }\nlabels_file: labels.txt",
    );
    await folder.write("m/labels.txt", "cat\r\nguide dog\n\n");
    const { spec } = await modelRepository(folder.path).read("m");
    expect(spec.labels).toEqual(["cat", "guide dog"]);
  });
});

describe("what is broken fails with words for whoever mends it", () => {
  const rows = [
    {
      name: "no version",
      files: { "m/model.yaml": "" },
      message: "no version: a folder named by a number with a model.onnx",
    },
    {
      name: "a bad model.yaml",
      files: { "m/1/model.onnx": "", "m/model.yaml": "batch: 3" },
      message: "model.yaml: batch: unknown key",
    },
    {
      name: "a labels file that is not there",
      files: { "m/1/model.onnx": "", "m/model.yaml": "labels_file: labels.txt" },
      message: "model.yaml: labels_file: no such file",
    },
    {
      name: "a labels file without labels",
      files: {
        "m/1/model.onnx": "",
        "m/model.yaml": "labels_file: labels.txt",
        "m/labels.txt": "\n",
      },
      message: "model.yaml: labels_file: line 1 is blank",
    },
    {
      name: "a blank line among the labels, which would shift those after it",
      files: {
        "m/1/model.onnx": "",
        "m/model.yaml": "labels_file: labels.txt",
        "m/labels.txt": "a\n\nb",
      },
      message: "model.yaml: labels_file: line 2 is blank",
    },
    {
      name: "a labels file that is a folder",
      files: { "m/1/model.onnx": "", "m/model.yaml": "labels_file: labels", "m/labels/x": "" },
      message: "a file of the model cannot be read",
    },
  ];
  for (const { name, files, message } of rows) {
    test(name, async () => {
      await using folder = await temporaryFolder();
      for (const [file, content] of Object.entries(files)) await folder.write(file, content);
      const read = modelRepository(folder.path).read("m");
      expect(await refusal(read)).toEqual({ reason: "MODEL_LOAD_FAILED", message, fields: [] });
    });
  }
});

describe("names never lead out of the repository", () => {
  for (const name of [
    "..",
    ".",
    "",
    "../secret",
    "a/../../secret",
    "secret/",
    "/secret",
    "a\\b",
    "a\0",
  ]) {
    test(`${JSON.stringify(name)} is no model`, async () => {
      await using folder = await temporaryFolder();
      await folder.write("secret/1/model.onnx", "");
      await folder.write("models/a/1/model.onnx", "");
      const repository = modelRepository(join(folder.path, "models"));
      expect(await refusal(repository.read(name))).toMatchObject({ reason: "MODEL_UNKNOWN" });
    });
  }
});
