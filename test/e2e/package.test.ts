/** The package as it is published: what is in it, and that it runs and types without its sources. */

import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { startProcess } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);
const copied =
  "package.json tsconfig.json tsconfig.build.json README.md LICENSE src gen models proto web";
/** The interpreter line asks PATH for Node. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };

describe("the published package", () => {
  let folder: TemporaryFolder;
  let files: readonly string[];
  let consumer: string;
  let bin: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const name of copied.split(" ")) {
      await cp(name, join(folder.path, name), { recursive: true });
    }
    await symlink(resolve("node_modules"), join(folder.path, "node_modules"));
    const packed = await run("npm", ["pack", "--json", "--silent"], { cwd: folder.path, env });
    const [tarball] = Object.values(
      JSON.parse(packed.stdout.slice(packed.stdout.search(/^[[{]/m))) as Record<
        string,
        { filename: string; files: { path: string }[] }
      >,
    );
    files = (tarball?.files ?? []).map(({ path }) => path);

    consumer = join(folder.path, "consumer");
    const home = join(consumer, "node_modules/polygate");
    await mkdir(home, { recursive: true });
    await run("tar", ["xzf", tarball?.filename ?? "", "--strip-components=1", "-C", home], {
      cwd: folder.path,
    });
    bin = join(consumer, "node_modules/.bin/polygate");
    await mkdir(dirname(bin));
    await symlink("../polygate/dist/cli/main.js", bin);
    await chmod(bin, 0o755);
    return () => folder[Symbol.asyncDispose]();
  }, 120_000);

  test("it holds what runs, the models and the protos; no sources, no tests, no training", () => {
    expect(new Set(files.map((path) => path.replace(/\/.*/s, "")))).toEqual(
      new Set(["LICENSE", "README.md", "package.json", "dist", "gen", "models", "proto", "web"]),
    );
    expect(files.filter((path) => /^models\/train|\.test\.|\.tsbuildinfo/.test(path))).toEqual([]);
    expect(files).toContain("dist/cli/main.js");
    expect(files).toContain("dist/backends/onnx/worker.js");
    expect(files).toContain("models/digits/1/model.onnx");
  });

  test("its command runs by name, from any folder", async () => {
    const { stdout } = await run(bin, ["version"], { cwd: "/", env });
    expect(stdout).toMatch(/^polygate \d+\.\d+\.\d+ /);
  });

  test("it serves, and its worker threads predict", async () => {
    await using gateway = await startProcess({
      command: [bin, "serve", "--host", "127.0.0.1", "--port", "0"],
      cwd: consumer,
      env,
    });
    const form = new FormData();
    form.set("file", new Blob([await readFile("models/digits/examples/7.png")]), "7.png");
    const answer = await fetch(`${gateway.urls[0]}/predict/digits`, { method: "POST", body: form });
    expect(await answer.json()).toMatchObject({
      backend: "onnx",
      classifications: expect.arrayContaining([expect.objectContaining({ label: "7" })]),
    });
    expect(await gateway.stop("SIGTERM")).toBe(0);
  }, 60_000);

  test("its types are whole for those who import it", async () => {
    await writeFile(join(consumer, "package.json"), `{ "type": "module" }`);
    await writeFile(
      join(consumer, "tsconfig.json"),
      `{ "compilerOptions": { "module": "nodenext", "target": "esnext", "types": ["node"], "strict": true, "noEmit": true }, "files": ["index.ts"] }`,
    );
    await writeFile(
      join(consumer, "index.ts"),
      `import { fault } from "polygate/dist/errors/fault.js";
import type { Settings } from "polygate/dist/config/settings.js";
export const error: Error = fault("INTERNAL", "a reason that exists");
export const hostOf = ({ listeners }: Settings): string | undefined => listeners[0]?.host;
// @ts-expect-error: not a reason
fault("NO_SUCH_REASON", "text");
`,
    );
    const tsc = resolve("node_modules/.bin/tsc");
    const { stdout } = await run(tsc, ["-p", consumer], { env });
    expect(stdout).toBe("");
  }, 60_000);
});
