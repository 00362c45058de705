import { rm, symlink, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainSpec } from "#backends/onnx/model-yaml.ts";
import { modelRepository } from "#backends/onnx/repository.ts";
import { refusal } from "../../../support/predict.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

describe("what counts as a model", () => {
  test("a folder with a version, a model.yaml or an .onnx file does, anything else is left alone", async () => {
    await using folder = await temporaryFolder();
    await folder.write("plain/1/model.onnx", "");
    await folder.write("described/model.yaml", "");
    await folder.write("training/train.ts", "");
    await folder.write("training/1/notes.txt", "");
    await folder.write(".hidden/1/model.onnx", "");
    await folder.write("README.md", "");
    await folder.write("..data/1/model.onnx", "");
    await folder.write("notes/1.txt", "");
    await folder.write("loose/model.onnx", "");
    const { names } = await modelRepository(folder.path).survey();
    expect(names).toEqual(["described", "loose", "plain"]);
  });

  test("a link to a folder does too: mounts are made of them", async () => {
    await using folder = await temporaryFolder();
    await folder.write("..data/1/model.onnx", "");
    await symlink(join(folder.path, "..data"), join(folder.path, "mounted"));
    expect(await modelRepository(folder.path).survey()).toEqual({ names: ["mounted"], strays: [] });
  });

  test("without a repository there is an error that does not tell where it should be", async () => {
    await using folder = await temporaryFolder();
    const absent = modelRepository(join(folder.path, "absent"));
    expect(await refusal(absent.survey())).toEqual({
      reason: "MODEL_LOAD_FAILED",
      message: "the model repository cannot be read",
      fields: [],
    });
  });
});

describe("what looks like a model and is not read", () => {
  const rule =
    "a model's name is letters, digits, `.`, `_` and `-`, the first one a letter or digit: rename it";
  const rows = [
    { name: "a name with a blank", file: "we ird/1/model.onnx", stray: "we ird", problem: rule },
    { name: "a name beyond ASCII", file: "größe/1/model.onnx", stray: "größe", problem: rule },
    { name: "a described name with a blank", file: "a b/model.yaml", stray: "a b", problem: rule },
    {
      name: "a file in place of a folder",
      file: "yolo.onnx",
      stray: "yolo.onnx",
      problem: "a model is a folder: move it to yolo/1/model.onnx",
    },
    {
      name: "a version without a model",
      file: "m/1/readme.txt",
      stray: "m",
      problem: "version 1 has no model.onnx",
    },
    {
      name: "a second version of another name",
      more: "m/1/model.onnx",
      file: "m/v2/model.onnx",
      stray: "m",
      problem: `folder "v2" has a model and is no version: name it by a number, such as 1`,
    },
    {
      name: "a description of another name",
      more: "m/1/model.onnx",
      file: "m/model.yml",
      stray: "m",
      problem: "model.yml is not read: name it model.yaml",
    },
  ];
  test.each(rows)("$name is told of with its cure", async ({ more, file, stray, problem }) => {
    await using folder = await temporaryFolder();
    await folder.write(file, "");
    if (more !== undefined) await folder.write(more, "");
    const { strays } = await modelRepository(folder.path).survey();
    expect(strays).toEqual([{ name: stray, problem }]);
  });
});

test("a version is found among any number of folders, of which so many are looked into", async () => {
  await using folder = await temporaryFolder();
  const data = Array.from({ length: 101 }, (_, at) => `m/a${String(at).padStart(3, "0")}`);
  for (const name of data) await folder.write(`${name}/row.txt`, "");
  await folder.write("m/1/model.onnx", "");
  await folder.write("m/a100/model.onnx", "");
  const repository = modelRepository(folder.path);
  expect(await repository.survey()).toEqual({ names: ["m"], strays: [] });
  await folder.write("m/a099/model.onnx", "");
  expect((await repository.survey()).strays).toMatchObject([{ name: "m" }]);
});

describe("reading a model", () => {
  test("versions are numbers with a model.onnx, the newest last", async () => {
    await using folder = await temporaryFolder();
    for (const version of ["9", "10", "2"]) await folder.write(`m/${version}/model.onnx`, "");
    await folder.write("m/11/model.onnx.part", "");
    await folder.write("m/v12/model.onnx", "");
    const repository = modelRepository(folder.path);
    expect(await repository.read("m")).toMatchObject({
      spec: plainSpec,
      versions: ["2", "9", "10"],
    });
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
      name: "a model beside the versions",
      files: { "m/model.onnx": "" },
      message: `no version: "model.onnx" is in no version's folder: move it to 1/model.onnx`,
    },
    {
      name: "a version that is no number",
      files: { "m/v1/model.onnx": "" },
      message: `no version: folder "v1" has a model and is no version: name it by a number, such as 1`,
    },
    {
      name: "a version whose model has another name",
      files: { "m/1/yolo.onnx": "" },
      message: `no version: version 1 has "yolo.onnx" and no model.onnx: rename it`,
    },
    {
      name: "an empty version of a described model",
      files: { "m/model.yaml": "", "m/1/notes.txt": "" },
      message: "no version: version 1 has no model.onnx",
    },
    {
      name: "a bad model.yaml",
      files: { "m/1/model.onnx": "", "m/model.yaml": "batch: 3" },
      message: "model.yaml:1:1: batch: is not a known key",
    },
    {
      name: "a labels file that is not there",
      files: { "m/1/model.onnx": "", "m/model.yaml": "labels_file: labels.txt" },
      message: "model.yaml:1:14: labels_file: names a file that is not there",
    },
    {
      name: "a labels file without labels",
      files: {
        "m/1/model.onnx": "",
        "m/model.yaml": "labels_file: labels.txt",
        "m/labels.txt": "\n",
      },
      message: "model.yaml:1:14: labels_file: names a file whose line 1 is blank",
    },
    {
      name: "a blank line among the labels, which would shift those after it",
      files: {
        "m/1/model.onnx": "",
        "m/model.yaml": "labels_file: labels.txt",
        "m/labels.txt": "a\n\nb",
      },
      message: "model.yaml:1:14: labels_file: names a file whose line 2 is blank",
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

describe("versions that model.yaml names and that there are not", () => {
  const rows = [
    { yaml: "versions: [1, 3]", at: "model.yaml:1:15: versions[1]" },
    { yaml: "version_labels: { stable: 3 }", at: "model.yaml:1:27: version_labels.stable" },
    { yaml: "split: { 3: 1 }", at: "model.yaml:1:13: split.3" },
    { yaml: "shadow: { to: 3, share: 1% }", at: "model.yaml:1:15: shadow.to" },
  ];
  test.each(rows)("$yaml is told with those that there are", async ({ yaml, at }) => {
    await using folder = await temporaryFolder();
    await folder.write("m/model.yaml", yaml);
    for (const version of ["1", "2"]) await folder.write(`m/${version}/model.onnx`, "");
    expect(await refusal(modelRepository(folder.path).read("m"))).toMatchObject({
      message: `${at}: there is no version 3, there is 1, 2`,
    });
  });
});

test("a link that leads elsewhere now changes the stamp, as mounts swap theirs", async () => {
  await using folder = await temporaryFolder();
  for (const data of ["..one", "..two"]) await folder.write(`${data}/model.onnx`, "same");
  await folder.write("m/model.yaml", "");
  const link = join(folder.path, "m", "1");
  await symlink(join(folder.path, "..one"), link);
  const repository = modelRepository(folder.path);
  const before = await repository.stamp("m");
  await rm(link);
  await symlink(join(folder.path, "..two"), link);
  expect(await repository.stamp("m")).not.toBe(before);
});

describe("files beyond their bounds are refused by name", () => {
  const rows = [
    { file: "model.yaml", bytes: 1_048_577, message: "model.yaml: is larger than 1048576 bytes" },
    {
      file: "labels.txt",
      bytes: 4_000_001,
      message: "model.yaml:1:14: labels_file: names a file of more than 4000000 bytes",
    },
    {
      file: "tokenizer.json",
      bytes: 64_000_001,
      message: "tokenizer.json is larger than 64000000 bytes",
    },
  ];
  test.each(rows)("$file of $bytes bytes", async ({ file, bytes, message }) => {
    await using folder = await temporaryFolder();
    await folder.write("m/1/model.onnx", "");
    await folder.write("m/model.yaml", "labels_file: labels.txt");
    await folder.write("m/labels.txt", "a");
    await truncate(await folder.write(`m/${file}`, ""), bytes);
    const repository = modelRepository(folder.path);
    const read = file === "tokenizer.json" ? repository.tokenizer("m", "1") : repository.read("m");
    expect(await refusal(read)).toMatchObject({ reason: "MODEL_LOAD_FAILED", message });
  });
});

test("a version's own tokenizer comes before the one next to the versions", async () => {
  await using folder = await temporaryFolder();
  await folder.write("m/1/model.onnx", "");
  const repository = modelRepository(folder.path);
  expect(await repository.tokenizer("m", "1")).toBeUndefined();
  await folder.write("m/tokenizer.json", "of all");
  expect(await repository.tokenizer("m", "1")).toBe("of all");
  await folder.write("m/1/tokenizer.json", "its own");
  expect(await repository.tokenizer("m", "1")).toBe("its own");
});

describe("stamps", () => {
  test("change with a file of the version, or next to the versions, and with nothing else", async () => {
    await using folder = await temporaryFolder();
    for (const version of ["1", "2"]) await folder.write(`m/${version}/model.onnx`, "a");
    const repository = modelRepository(folder.path);
    const stamps = async () => (await repository.read("m")).stamps;
    const before = await stamps();
    expect(await stamps()).toEqual(before);
    await folder.write("m/2/model.onnx", "longer");
    const after = await stamps();
    expect(after.get("1")).toBe(before.get("1"));
    expect(after.get("2")).not.toBe(before.get("2"));
    await folder.write("m/model.yaml", "");
    expect((await stamps()).get("1")).not.toBe(after.get("1"));
    const whole = await repository.stamp("m");
    await folder.write("m/3/model.onnx", "a");
    expect(await repository.stamp("m")).not.toBe(whole);
  });
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
