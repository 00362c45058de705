/**
 * Clients whose builds take minutes, each with its language's own tools: their tests against a
 * gateway, and what is packed, in an empty folder, by the commands of their READMEs. Run by
 * `npm run test:clients`.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ClientGateway, runReadme, startClientGateway } from "../support/client-gateway.ts";
import { describeWith, missingProgram, missingPythonPackage, python } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const run = promisify(execFile);
const buildTimeoutMs = 900_000;
const isAsked = process.env.CLIENTS_TEST !== undefined;
if (!isAsked) console.log("skipped: `npm run test:clients` asks for clients that are built");

/** What is done to one client. */
interface ClientPackage {
  readonly language: string;
  readonly missing: string | undefined;
  /** Its own checks and tests, run in its folder. */
  readonly checks: readonly (readonly [file: string, ...args: string[]])[];
  /** What the checks print when all tests were run and passed. */
  readonly passed: RegExp;
  /** How often its tests ask for what is down, with every try. */
  readonly tries: number;
  /** Makes the package in a folder. */
  readonly pack: (folder: string) => readonly [file: string, ...args: string[]];
  /** What the README's commands print. */
  readonly prints: RegExp;
}

const packages: readonly ClientPackage[] = [
  {
    language: "python",
    missing: ["grpc", "mypy", "hatchling"]
      .map((name) => missingPythonPackage(name))
      .find((text) => text !== undefined),
    checks: [[python, "-m", "mypy", "--cache-dir", "../../.cache/mypy", "src", "tests"]],
    passed: /^Success/,
    tries: 0,
    pack: (folder) => [
      ...([python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"] as const),
      ...["-w", folder, "."],
    ],
    prints: /^Hello there\nREQUEST_INVALID \{'max_tokens': .*\nHello there\n$/,
  },
  {
    language: "go",
    missing: missingProgram("go"),
    checks: [
      ["go", "vet", "./..."],
      ["go", "test", "-count=1", "-v", "."],
    ],
    passed: /^(?![\s\S]*--- (?:SKIP|FAIL))(?:[\s\S]*^--- PASS: ){6}/m,
    tries: 12,
    pack: (folder) => ["tar", "-czf", `${folder}/polygate-go.tgz`, "."],
    prints: /^Hello there\nHello there\nREQUEST_INVALID map\[max_tokens:.*\] 0s\n$/,
  },
  {
    language: "java",
    missing: missingProgram("mvn"),
    checks: [["mvn", "-B", "-ntp", "test"]],
    passed: /Tests run: 4, Failures: 0, Errors: 0, Skipped: 0/,
    tries: 0,
    pack: () => ["mvn", "-q", "-B", "-ntp", "install", "-DskipTests"],
    prints: /Hello there\nHello there\nREQUEST_INVALID\n/,
  },
  {
    language: "rust",
    missing: missingProgram("cargo"),
    checks: [["cargo", "test", "--locked"]],
    passed: /test result: ok\. 4 passed; 0 failed/,
    tries: 0,
    pack: (folder) => [
      ...(["tar", "-czf", `${folder}/polygate-rust.tgz`] as const),
      ...["src", "Cargo.toml", "LICENSE", "README.md"],
    ],
    prints: /^Hello there\nHello there\nREQUEST_INVALID\n$/,
  },
];

for (const { language, missing, checks, passed, tries, pack, prints } of packages) {
  const described = isAsked ? describeWith(missing) : describe.skip;
  described(`the client for ${language}`, () => {
    const cwd = `clients/${language}`;
    let gateway: ClientGateway;

    beforeAll(async () => {
      gateway = await startClientGateway();
    });

    afterAll(() => gateway[Symbol.asyncDispose]());

    test(
      "its own checks and tests pass; each call to what is down is tried three times",
      async () => {
        let printed = "";
        for (const [file, ...args] of checks) {
          const { stdout } = await run(file, args, { cwd, env: gateway.env, maxBuffer: 1 << 24 });
          printed += stdout;
        }
        expect(printed).toMatch(passed);
        expect(gateway.triesOfDown()).toBe(tries);
        await vi.waitFor(() => expect(gateway.open()).toBe(0));
      },
      buildTimeoutMs,
    );

    test(
      "packed, in an empty folder, the README's commands work as they stand",
      async () => {
        await using folder = await temporaryFolder();
        const [file, ...args] = pack(folder.path);
        await run(file, args, { cwd });
        expect(await runReadme(`${cwd}/README.md`, folder, gateway)).toMatch(prints);
      },
      buildTimeoutMs,
    );
  });
}
