/** The client for Python against a gateway: its own tests. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { type ClientGateway, startClientGateway } from "../support/client-gateway.ts";
import { missingPythonPackage, python, testWith } from "../support/needs.ts";

const needed = ["grpc", "google.rpc.status_pb2"];
const missing = needed.map((name) => missingPythonPackage(name)).find((text) => text !== undefined);
let gateway: ClientGateway;

beforeAll(async () => {
  gateway = await startClientGateway();
});

afterAll(() => gateway[Symbol.asyncDispose]());

testWith(missing)(
  "its own tests pass; each call to what is down is tried three times",
  async () => {
    const options = { cwd: "clients/python", env: { ...gateway.env, PYTHONPATH: "src" } };
    const tests = ["-m", "unittest", "discover", "tests"];
    const { stderr } = await promisify(execFile)(python, tests, options);
    expect(stderr).toMatch(/Ran 12 tests[\s\S]*OK/);
    expect(gateway.triesOfDown()).toBe(6);
    await vi.waitFor(() => expect(gateway.open()).toBe(0));
  },
  60_000,
);
