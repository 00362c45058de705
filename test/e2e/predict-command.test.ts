/** `polygate predict` over a real gateway: labels, boxes, tensors, many files, files that fail, interrupts. */

import { execFile } from "node:child_process";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { predict } from "#cli/predict.ts";
import { type RunOptions, runCommand } from "../support/console.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { fromSource } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const digits = "models/digits/examples";
const scene = "models/digit-detector/examples/scene-1.png";
let gateway: RunningGateway;
let folder: TemporaryFolder;

beforeAll(async () => {
  gateway = await startTestGateway();
  folder = await temporaryFolder();
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function run(argv: readonly string[], options: RunOptions = {}) {
  return runCommand(predict, argv, { env: { POLYGATE_URL: gateway.url }, ...options });
}

test("many files make one table, in the order in which they were named", async () => {
  const files = [3, 7, 1].map((digit) => `${digits}/${digit}.png`);
  const { code, out, err } = await run(["digits", "--top-k", "1", ...files]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [head, ...rows] = out.trimEnd().split("\n");
  expect(head).toMatch(/^FILE +LABEL +SCORE +TIME$/);
  expect(rows.map((row) => row.trim().split(/ +/).slice(0, 2))).toEqual([
    [`${digits}/3.png`, "3"],
    [`${digits}/7.png`, "7"],
    [`${digits}/1.png`, "1"],
  ]);
});

test("boxes are told in pixels of the image, and --annotate draws them onto a copy", async () => {
  const drawn = join(folder.path, "drawn");
  // A process of its own: where a gateway runs, nothing may read SVG.
  const [file = "", ...args] = fromSource("predict", "digit-detector", scene, "--annotate", drawn);
  const env = { ...process.env, POLYGATE_URL: gateway.url };
  const { stdout: out } = await promisify(execFile)(file, args, { env });
  expect(out).toMatch(/^FILE +LABEL +SCORE +BOX +TIME$/m);
  const [, x = 0, y = 0] = (/ (\d+),(\d+) – \d+,\d+ /.exec(out) ?? []).map(Number);
  const copy = await sharp(join(drawn, "scene-1.png")).raw().toBuffer({ resolveWithObject: true });
  const { width, channels } = copy.info;
  const at = (y * width + x) * channels;
  const [red = 0, green = 0] = copy.data.subarray(at, at + 2);
  expect(red - green).toBeGreaterThan(80);
}, 60_000);

test("--json writes a line a file, as each is done", async () => {
  const { code, out } = await run(["digits", "--json", `${digits}/0.png`, `${digits}/5.png`]);
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .sort((a, b) => a.file.localeCompare(b.file));
  expect(code).toBe(0);
  expect(lines).toMatchObject([
    { file: `${digits}/0.png`, model: "digits", timing: { compute_ms: expect.any(Number) } },
    { file: `${digits}/5.png`, classifications: expect.arrayContaining([]) },
  ]);
  expect(lines[1].classifications[0].label).toBe("5");
});

test("a file in JSON is tensors", async () => {
  const inputs = [
    { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: new Array(784).fill(0) },
  ];
  await writeFile(join(folder.path, "zeros.json"), JSON.stringify({ inputs }));
  await writeFile(join(folder.path, "other.json"), "{]");
  const options = { cwd: folder.path };
  const { code, out } = await run(["digits", "zeros.json"], options);
  expect({ code, lines: out.split("\n").length }).toEqual({ code: 0, lines: 7 });
  expect(await run(["digits", "other.json"], options)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^other\.json: is no request in JSON \(hint: /),
  });
});

test("a file that fails costs itself alone, and the exit code says that one did", async () => {
  await writeFile(join(folder.path, "text.png"), "no image");
  await copyFile(`${digits}/2.png`, join(folder.path, "2.png"));
  const { code, out, err } = await run(["digits", "text.png", "none.png", "2.png"], {
    cwd: folder.path,
  });
  expect(code).toBe(1);
  expect(err).toMatch(/^text\.png: \w+: .*\n/m);
  expect(err).toMatch(/^none\.png: cannot be read \(ENOENT\)$/m);
  expect(out).toMatch(/^2\.png +2 /m);
});

test("what every file would meet is told once: 64 and the status code", async () => {
  const server = `http://127.0.0.1:${await freePort()}`;
  const files = Array.from({ length: 9 }, (_, at) => `${digits}/${at}.png`);
  const argv = ["digits", "--server", server, "--parallel", "1", ...files];
  const { code, out, err } = await run(argv);
  expect({ code, out }).toEqual({ code: 78, out: "" });
  expect(err.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/0\.png: UNAVAILABLE: .* ECONNREFUSED /),
    "8 more files were not tried",
  ]);
  const unknown = await run(["nope", `${digits}/1.png`]);
  expect(unknown.code).toBe(69);
});

test("a bar on stderr shows how far it is, where that is a terminal, and is gone at the end", async () => {
  const files = [0, 1, 2].map((digit) => `${digits}/${digit}.png`);
  const shown = await run(["digits", ...files], { terminals: ["stderr"] });
  expect(shown.err).toMatch(/█+ 3\/3 {2}\d\.png/);
  expect(shown.err.endsWith("\r\u001b[K")).toBe(true);
  expect((await run(["digits", ...files])).err).toBe("");
});

test.each([
  { argv: ["digits"], told: "polygate predict <model> <file…>: too few words" },
  { argv: ["digits", "x", "--top-k", "0"], told: "flag --top-k: expected an integer from 1" },
  { argv: ["digits", "x", "--threshold", "2"], told: "flag --threshold: expected a number from 0" },
  { argv: ["digits", "x", "--parallel", "65"], told: "flag --parallel: expected an integer" },
  { argv: ["digits", "x", "--treshold", "1"], told: "flag --treshold: is unknown (hint: did you" },
])("$argv is written wrongly: 2", async ({ argv, told }) => {
  const { code, err } = await run(argv);
  expect(code).toBe(2);
  expect(err.startsWith(told), err).toBe(true);
});

test("an interrupt ends all calls: 130, and nothing is printed", async () => {
  const signal = AbortSignal.abort();
  expect(await run(["digits", `${digits}/1.png`], { signal })).toEqual({
    code: 130,
    out: "",
    err: "",
  });
});
