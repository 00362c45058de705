/** ConfigService over gRPC and REST, and `polygate config` over it: for administrators alone. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { config } from "#cli/config.ts";
import { readConfiguration } from "#cli/configuration.ts";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { startTestGateway } from "../support/gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "planted-admin-key-0001";
const yamlIn = (folder: string, more = "") => `gateway: { host: 127.0.0.1, port: 0 }
models: { path: ${folder}/models }
reload: { watch: false }
auth: { keys: [{ name: admin, key: ${admin}, scopes: [admin] }, { name: app, key: planted-app-key-0002 }] }
${more}`;

async function started() {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  await folder.write("models/none/README", "");
  const write = (more?: string) => folder.write("gateway.yaml", yamlIn(folder.path, more));
  const file = await write();
  const read = readConfiguration({ argv: ["--config", file], env: {}, cwd: folder.path });
  if (!("source" in read)) throw new Error("not sound");
  const gateway = opening.use(
    await startTestGateway({ yaml: yamlIn(folder.path), source: read.source }),
  );
  const owned = opening.move();
  return { gateway, write, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("an administrator sees what is in force, checks a change, and has it taken over", async () => {
  await using one = await started();
  const client = createClient(ConfigService, grpcTo(one.gateway.url, admin));
  const before = await client.getConfigStatus({});
  expect(before).toMatchObject({ generation: 1, watchesFiles: false });
  expect(before.lastOutcome).toBeUndefined();
  const { values } = await client.getConfig({ pathPrefix: "auth.keys" });
  expect(values.map(({ path, value }) => `${path} ${value}`)).toEqual([
    "auth.keys[0].name admin",
    "auth.keys[0].key [redacted]",
    "auth.keys[0].scopes[0] admin",
    "auth.keys[1].name app",
    "auth.keys[1].key [redacted]",
    "auth.keys[1].scopes []",
  ]);

  await one.write("cache: { ttl: 9s }");
  expect((await client.checkConfig({})).outcome?.result).toBe("ok");
  expect((await client.getConfigStatus({})).generation).toBe(1);
  const taken = await client.reloadConfig({});
  expect(taken.outcome?.result).toBe("ok");
  expect(taken.hash).not.toBe(before.hash);
  const after = await client.getConfigStatus({});
  expect(after).toMatchObject({ generation: 2, lastCause: "call", hash: taken.hash });
  expect(await one.gateway.line(({ action }) => action === "reload_config")).toMatchObject({
    msg: "admin",
    result: "ok",
  });
});

test("who is no administrator is refused, by gRPC and by REST", async () => {
  await using one = await started();
  const client = createClient(ConfigService, grpcTo(one.gateway.url, "planted-app-key-0002"));
  for (const call of [
    () => client.getConfig({}),
    () => client.getConfigStatus({}),
    () => client.checkConfig({}),
    () => client.reloadConfig({}),
  ]) {
    expect(await call().catch(ConnectError.from)).toMatchObject({ code: Code.PermissionDenied });
  }
  const response = await fetch(`${one.gateway.url}/api/v1/config:reload`, { method: "POST" });
  expect(response.status).toBe(401);
});

test("`polygate config` shows, checks and reloads; its exit code tells whether it is in force", async () => {
  await using one = await started();
  const run = async (...argv: readonly string[]) => {
    const said: string[] = [];
    const env = { POLYGATE_URL: one.gateway.url, POLYGATE_API_KEY: admin };
    const tell = (text: string) => said.push(text);
    const terminal = { ...{ env, cwd: "/", terminals: [] as const }, out: tell, err: tell };
    return { code: await config(argv, terminal), said: said.join("\n") };
  };
  expect(await run("show", "reload")).toEqual({
    code: 0,
    said: expect.stringMatching(
      /^SETTING +VALUE +SOURCE\nreload\.watch +false +\S+gateway\.yaml:3:18$/,
    ),
  });
  expect((await run("show")).said).not.toContain("planted");
  expect(await run("reload")).toEqual({ code: 0, said: "unchanged" });
  await one.write("cache: { tll: 9s }");
  for (const verb of ["check", "reload"]) {
    expect(await run(verb)).toEqual({
      code: 1,
      said: expect.stringMatching(
        /^invalid\n\S+gateway\.yaml:5:10: cache\.tll: is not a known key \(hint: did you mean ttl\?\)$/,
      ),
    });
  }
  await one.write("requests: { max: 7 }");
  expect(await run("reload")).toEqual({
    code: 1,
    said: "restart_needed\nneeds a restart: requests",
  });
  const status = await run("status");
  expect([status.code, status.said]).toEqual([
    1,
    expect.stringMatching(/generation +1\nwatching +no\nlast reload \S+ by call: restart_needed\n/),
  ]);
  expect(await run("relod")).toEqual({
    code: 2,
    said: expect.stringContaining('unknown command "relod" (did you mean reload?)'),
  });
  expect((await run("--help")).said).toContain("polygate config <command>");
});
