/**
 * The Dockerfile: what it says, and, with `npm run test:docker`, what its steps come to when they
 * are carried out in folders. Carrying them out installs from the registry and takes minutes.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, globSync, lstatSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import packageJson from "#package.json" with { type: "json" };
import { judge, judged, missingJudge } from "../support/deploy.ts";
import { contextFiles } from "../support/docker-context.ts";
import { commandOf, pairsIn, parseDockerfile } from "../support/dockerfile.ts";
import { freePort } from "../support/free-port.ts";
import { buildImage, type Image } from "../support/image.ts";
import { describeWith, testWith } from "../support/needs.ts";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";

const dockerfile = readFileSync("Dockerfile", "utf8");
const stages = parseDockerfile(dockerfile);

/** What the last of these instructions in the last stage says. */
function said(keyword: string): string {
  const found = stages.at(-1)?.instructions.findLast((step) => step.keyword === keyword);
  return found?.text ?? "";
}

describe("the Dockerfile", () => {
  test("every stage stands on the Node that the tests run on, by its full version", () => {
    const { node } = packageJson.devDependencies;
    expect(stages.map(({ base }) => base)).toEqual(stages.map(() => `node:${node}-bookworm-slim`));
    expect(`v${node}`).toBe(process.version);
  });

  testWith(missingJudge("hadolint"))("hadolint has nothing to say", () => {
    expect(judged([judge("hadolint"), "Dockerfile"])).toEqual({ code: 0, out: "", err: "" });
  });

  test("what runs is not root, by number", () => {
    expect(said("USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  test("its labels are the package's facts", () => {
    expect(pairsIn(said("LABEL"))).toEqual({
      "org.opencontainers.image.title": packageJson.name,
      "org.opencontainers.image.description": packageJson.description.replace(/, in Typ.*$/, ""),
      "org.opencontainers.image.version": packageJson.version,
      "org.opencontainers.image.licenses": packageJson.license,
    });
  });

  test("the command is in exec form, so that the signal reaches it and no shell", () => {
    expect(commandOf(said("CMD"))).toEqual(["node", "dist/cli/main.js", "serve"]);
    expect(said("STOPSIGNAL")).toBe("SIGTERM");
  });

  test("health is asked by the gateway's own command, which knows ports and TLS", () => {
    const [, command = ""] = /^CMD (.*)$/.exec(said("HEALTHCHECK")) ?? [];
    expect(commandOf(command)).toEqual(["node", "dist/cli/main.js", "health"]);
  });

  test("the context holds what is copied: no tests, no installed packages, no training", () => {
    const folders = new Set(contextFiles(".").map((path) => path.replace(/\/.*/s, "")));
    const copied = ".npmrc LICENSE gen models package-lock.json package.json proto src";
    expect(folders).toEqual(
      new Set(`${copied} rolldown.config.ts tsconfig.build.json tsconfig.json web`.split(" ")),
    );
    expect(contextFiles(".").filter((path) => path.startsWith("models/train"))).toEqual([]);
  });
});

/** What the last stage copies, a list of paths for each of its layers. */
const contents = (stages.at(-1)?.instructions ?? [])
  .filter(({ keyword }) => keyword === "COPY")
  .map(({ text }) =>
    text
      .split(/\s+/)
      .slice(0, -1)
      .map((path) => basename(path)),
  );

/** What a registry would hold of them: a tar archive through gzip. */
function compressedBytes(folder: string, paths: readonly string[]): number {
  const archive = spawnSync("tar", ["-cz", ...paths], { cwd: folder, maxBuffer: 2 ** 30 });
  return archive.stdout.length;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** What is missing for carrying out the steps. */
function missingRegistry(): string | undefined {
  const asked = spawnSync("npm", ["view", "fastify", "version", "--fetch-retries=0"]);
  return asked.status === 0 ? undefined : "the package registry cannot be reached";
}

/** It takes minutes: `npm run test:docker` asks for it, and .ci/run by that. */
const isAsked = process.env.DOCKERFILE_TEST !== undefined;
const carriedOut = isAsked ? describeWith(missingRegistry()) : describe.skip;

carriedOut("its steps, carried out", () => {
  /** Root takes the image's user; whoever is not root is no root already. */
  const user = process.getuid?.() === 0 ? { uid: Number(said("USER").split(":")[0]) } : {};
  let image: Image;
  let before: readonly string[];

  beforeAll(async () => {
    image = await buildImage(dockerfile, ".");
    for (const path of paths()) if (!lstatSync(path).isSymbolicLink()) permit(path, ~0o222);
    before = fingerprint();
    return () => {
      for (const path of paths()) if (lstatSync(path).isDirectory()) permit(path, ~0, 0o200);
      image[Symbol.dispose]();
    };
  }, 600_000);

  const paths = () =>
    globSync("**", { cwd: image.workdir }).map((path) => join(image.workdir, path));
  const permit = (path: string, mask: number, more = 0) =>
    chmodSync(path, (lstatSync(path).mode & mask) | more);
  const fingerprint = () =>
    paths().map((path) => `${path} ${lstatSync(path).size} ${lstatSync(path).mtimeMs}`);

  const healthy = (port: number) => {
    const [file = "", ...args] = image.healthCommand;
    const env = { ...image.env, GATEWAY_PORT: String(port) };
    return spawnSync(file, args, { cwd: image.workdir, env, ...user }).status;
  };
  const start = async (port: number, env: Record<string, string> = {}): Promise<PolygateProcess> =>
    startProcess({
      command: image.command,
      cwd: image.workdir,
      env: { ...image.env, ...env, GATEWAY_PORT: String(port) },
      ...user,
    });

  test("it carries no development dependency and one platform's ONNX runtime", () => {
    const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
      readFileSync("package-lock.json", "utf8"),
    );
    const development = Object.keys(lock.packages).filter((path) => lock.packages[path]?.dev);
    const installed = (path: string) => globSync(join(image.workdir, path)).length;
    expect(development.filter((path) => installed(path) > 0)).toEqual([]);
    expect(installed("node_modules/onnxruntime-node/bin/*/*/*")).toBe(1);
  });

  test("its own layers, compressed, are as large as docs/tour.md says, by 5 %", () => {
    const bytes = contents.map((paths) => compressedBytes(image.workdir, paths));
    const total = bytes.reduce((sum, each) => sum + each, 0);
    for (const [index, paths] of contents.entries()) {
      console.log(`${megabytes(bytes[index] ?? 0)} MB compressed: ${paths.join(" ")}`);
    }
    console.log(`${megabytes(total)} MB compressed in all, the base image left out`);
    const [, stated = ""] =
      /([\d.]+) MB compressed/.exec(readFileSync("docs/tour.md", "utf8")) ?? [];
    expect(total / 1e6 / Number(stated)).toBeCloseTo(1, 1);
  }, 120_000);

  test("on a file system that cannot be written, it answers, predicts and is healthy", async () => {
    const port = await freePort();
    expect(healthy(port)).toBe(1);
    await using gateway = await start(port);
    const url = `http://127.0.0.1:${port}`;
    const chat = await fetch(`${url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "what is 12*7?", use_tools: true }),
    });
    expect(await chat.json()).toMatchObject({
      response: expect.stringContaining("84"),
      tools_called: ["calculator"],
    });
    const form = new FormData();
    form.set("file", new Blob([readFileSync("models/digits/examples/7.png")]), "7.png");
    const predict = await fetch(`${url}/predict/digits`, { method: "POST", body: form });
    expect(await predict.json()).toMatchObject({
      backend: "onnx",
      classifications: expect.arrayContaining([expect.objectContaining({ label: "7" })]),
    });
    expect(healthy(port)).toBe(0);
    expect(await gateway.stop("SIGTERM")).toBe(0);
    expect(fingerprint()).toEqual(before);
  }, 120_000);

  test("the stop signal lets a stream under way come to its end, then the exit code is 0", async () => {
    await using core = await startProcess({
      command: fromSource("core", "--port", "0", "--token-interval-ms", "20"),
    });
    const port = await freePort();
    await using gateway = await start(port, { TWIN_URL: core.urls[0] ?? "" });
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
    const pieces = createClient(ChatService, transport).streamChat({ message: "hello there" });
    const seen: boolean[] = [];
    let exit: Promise<number | null> | undefined;
    for await (const { done } of pieces) {
      seen.push(done);
      exit ??= gateway.stop(said("STOPSIGNAL") as NodeJS.Signals);
    }
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(true);
    expect(await exit).toBe(0);
  }, 120_000);
});
