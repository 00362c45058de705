/**
 * The Open Inference Protocol as its own clients in Python speak it: Triton's and KServe's, over HTTP and gRPC.
 * Their packages are many: `npm run test:python` asks for these tests, which `npm run verify` installs them for.
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ModelGateway, startModelGateway } from "../support/model-gateway.ts";
import { describeWith, missingPythonPackage, python } from "../support/needs.ts";
import { gemm, identity } from "../support/onnx-models.ts";

const isAsked = process.env.PYTHON_CLIENTS !== undefined;
if (!isAsked) console.log("skipped: `npm run test:python` asks for clients of model servers");

const types = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
] as const;

interface Case {
  readonly name: string;
  readonly problem: string | null;
}

/** Runs a program of cases; each line that it prints is one. */
async function casesOf(program: string, facts: object): Promise<{ cases: Case[]; err: string }> {
  const path = new URL(`../support/model-clients/${program}`, import.meta.url).pathname;
  const child = spawn(python, ["-B", path]);
  const cases: Case[] = [];
  let err = "";
  child.stderr.on("data", (piece) => {
    err = `${err}${piece}`.slice(-2_000);
  });
  createInterface(child.stdout).on("line", (line) => cases.push(JSON.parse(line)));
  child.stdin.end(JSON.stringify(facts));
  await new Promise((resolve) => child.once("close", resolve));
  return { cases, err };
}

/** Loading them and all cases. */
const programMs = 120_000;

/** Models that take and give each datatype as it is, and some that compute. */
const models = {
  "gemm/1/model.onnx": gemm(),
  "batched/1/model.onnx": gemm(),
  "batched/model.yaml": "batch_max: 4\n",
  "labelled/1/model.onnx": gemm({ softmax: true }),
  "labelled/model.yaml":
    "output: { kind: classification, name: scores, scores: probabilities }\nlabels: [ant, bee, cat]\n",
  "text/1/model.onnx": identity("BYTES", ["N"]),
  "grid/1/model.onnx": identity("FP32", [2, 2]),
  ...Object.fromEntries(
    types.map((type) => [`${type.toLowerCase()}/1/model.onnx`, identity(type, ["N"])]),
  ),
};

/** Clients, the packages that they are in, and their programs with the number of their cases. */
const clients = [
  {
    name: "tritonclient",
    packages: "tritonclient.http, tritonclient.grpc",
    program: "triton_client.py",
    casesMin: 60,
  },
  { name: "kserve", packages: "kserve", program: "kserve_client.py", casesMin: 5 },
] as const;

for (const { name, packages, program, casesMin } of clients) {
  const missing = isAsked ? missingPythonPackage(packages) : undefined;
  const carriedOut = isAsked ? describeWith(missing) : describe.skip;

  carriedOut(name, () => {
    let use: ModelGateway;

    beforeAll(async () => {
      use = await startModelGateway(models);
    });

    afterAll(() => use[Symbol.asyncDispose]());

    test(
      "works over HTTP and gRPC, case by case",
      async () => {
        const counted = await fetch(`${use.url}/v2/models/gemm/stats`);
        const facts = { address: new URL(use.url).host, statistics: counted.status === 200 };
        const { cases, err } = await casesOf(program, facts);
        expect(cases.length, err).toBeGreaterThanOrEqual(casesMin);
        expect(cases.filter(({ problem }) => problem !== null)).toEqual([]);
      },
      programMs,
    );
  });
}
