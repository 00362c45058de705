/** A running gateway takes over its changed configuration, whole and without a failed call, or keeps the last good one. */

import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import {
  adminKey,
  makePipe,
  type ReloadingGateway,
  startReloading,
  yamlWith,
} from "../support/reloading.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

const refused = "configuration refused: the last good one stays";
const patience = { timeout: 15_000, interval: 20 };

/** Calls over and over, by gRPC on one connection and by REST on many, until it is stopped. */
function load({ url }: ReloadingGateway) {
  const client = createClient(ChatService, grpcTo(url, adminKey));
  const failures: unknown[] = [];
  let calls = 0;
  let isOver = false;
  const over = async (ask: () => Promise<unknown>) => {
    while (!isOver) {
      calls += 1;
      await ask().catch((thrown: unknown) => failures.push(thrown));
    }
  };
  const streamed = async () => {
    let said = "";
    for await (const { delta } of client.streamChat({ message: "hello" })) said += delta;
    if (said === "") throw new Error("an empty stream");
  };
  const rest = async () => {
    const response = await fetch(`${url}/v1/models`, {
      headers: { authorization: `Bearer ${adminKey}`, connection: "close" },
    });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`REST: ${response.status}`);
  };
  const asking = Promise.all([
    over(() => client.chat({ message: "hello" })),
    over(streamed),
    over(rest),
  ]);
  return {
    async stop() {
      isOver = true;
      await asking;
      return { calls, failures };
    },
  };
}

test("twenty reloads under load, by signal, by change and by call: no call fails, each is in force", async () => {
  await using gateway = await startReloading({ "gateway.yaml": yamlWith() });
  const before = await gateway.status();
  expect(before.generation).toBe(1);
  const calls = load(gateway);
  const hashes = new Set([before.hash]);
  for (let count = 1; count <= 20; count += 1) {
    gateway.replace("gateway.yaml", yamlWith("", `${count}s`));
    if (count % 3 === 0) gateway.process.signal("SIGHUP");
    if (count % 3 === 1) expect(await gateway.reload()).toMatchObject({ result: "ok" });
    await expect
      .poll(async () => (await gateway.status()).generation, patience)
      .toBeGreaterThan(count);
    hashes.add((await gateway.status()).hash);
  }
  const { calls: count, failures } = await calls.stop();
  expect(failures).toEqual([]);
  expect(count).toBeGreaterThan(50);
  expect(hashes.size).toBe(21);
  expect((await gateway.status()).generation).toBe(21);
}, 60_000);

describe("what is not sound", () => {
  let gateway: ReloadingGateway;
  beforeAll(async () => {
    gateway = await startReloading({ "gateway.yaml": yamlWith() });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  /** Written over what is there, as it is refused: the lines that say so. */
  async function refusals(change: () => void) {
    const before = gateway.lines(refused).length;
    change();
    await expect.poll(() => gateway.lines(refused).length, patience).toBeGreaterThan(before);
    return gateway.lines(refused).slice(before);
  }

  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${Array.from(
    { length: 12 },
    (_, index) =>
      `${String.fromCharCode(98 + index)}: &${String.fromCharCode(98 + index)} [${Array(10)
        .fill(`*${String.fromCharCode(97 + index)}`)
        .join(", ")}]`,
  ).join("\n")}\n`;
  test.each([
    [
      "a misspelt key, with a hint",
      yamlWith("loging: {}"),
      /gateway\.yaml:5:1: loging: is not a known key \(hint: did you mean logging\?\)/,
    ],
    [
      "a value that does not fit",
      yamlWith("", "soon"),
      /gateway\.yaml:4:15: cache\.ttl: expected a duration/,
    ],
    ["half of a file", yamlWith().slice(0, 130), /gateway\.yaml:3:\d+: is indented in a way/],
    [
      "a file that was only emptied so far",
      "",
      /gateway\.yaml: nothing is left in it but comments \(hint: /,
    ],
    ["a file of comments", "# soon\n", /nothing is left in it but comments/],
    ["megabytes", `# ${"x".repeat(3_000_000)}\n`, /is larger than 1048576 bytes/],
    ["a bomb of aliases", bomb, /gateway\.yaml:\d+:\d+: comes to more than 20000 values/],
    ["a million brackets", "[".repeat(1_000_000), /has more than 150000 words and signs/],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00]), /is not UTF-8 text/],
    [
      "a secret's file that is not there",
      yamlWith(`redis: { url: '\${file:gone}' }`),
      /redis\.url: the file gone cannot be read \(ENOENT\)/,
    ],
  ])("%s: it is told, with its place, and the last good one stays", async (_name, text, told) => {
    const [line] = await refusals(() => gateway.write("gateway.yaml", text));
    expect(line).toMatchObject({
      level: "error",
      cause: "change",
      result: "invalid",
      problem: expect.stringMatching(told),
    });
    const { generation, last_outcome: last } = await gateway.status();
    expect([generation, last?.result]).toEqual([1, "invalid"]);
  });

  test("a file that is gone, a folder and a pipe in its place", async () => {
    const path = join(gateway.folder, "gateway.yaml");
    const [gone] = await refusals(() => rmSync(path));
    expect(gone?.problem).toBe("flag --config: the file cannot be read (ENOENT)");
    const [folder] = await refusals(() => mkdirSync(path));
    expect(folder?.problem).toBe("flag --config: the file cannot be read (no regular file)");
    const [pipe] = await refusals(() => {
      makePipe(`${path}.pipe`);
      rmSync(path, { recursive: true });
      renameSync(`${path}.pipe`, path);
    });
    expect(pipe?.problem).toBe("flag --config: the file cannot be read (no regular file)");
    rmSync(path);
  });

  test("settings that need a restart are named, and nothing of the rest is taken", async () => {
    gateway.replace(
      "gateway.yaml",
      yamlWith("history: { retention: 2d }\nuploads: { enabled: false }", "9s"),
    );
    await expect
      .poll(async () => (await gateway.status()).last_outcome, patience)
      .toMatchObject({ result: "restart_needed", restart_settings: ["history", "uploads"] });
    expect((await gateway.status()).generation).toBe(1);
    await expect
      .poll(() => gateway.lines("configuration needs a restart: nothing of it is taken"), patience)
      .toMatchObject([{ level: "error", settings: ["history", "uploads"] }]);
    const metrics = await (
      await fetch(`${gateway.url}/metrics`, { headers: { "x-api-key": adminKey } })
    ).text();
    expect(metrics).toContain('config_reload_total{result="restart_needed"}');
    expect(metrics).toContain("config_last_reload_successful 0");
  });

  test("the next good one is taken, and the log begins to tell more where it asks for that", async () => {
    gateway.replace("gateway.yaml", yamlWith("logging: { level: debug }", "9s"));
    await expect.poll(async () => (await gateway.status()).generation, patience).toBe(2);
    const metrics = await (
      await fetch(`${gateway.url}/metrics`, { headers: { "x-api-key": adminKey } })
    ).text();
    expect(metrics).toContain("config_last_reload_successful 1");
    const { hash } = await gateway.status();
    expect(metrics).toContain(`config_hash ${Number.parseInt(hash.slice(0, 12), 16)}`);
  });
});

test.each([1, 2])(
  "buckets whose limits are as they were go on as they are, with %i threads; others begin full",
  async (workers) => {
    const yaml = (ttl: string, burst: number) => `workers: ${workers}
${yamlWith("", ttl)}rate_limiting:
  requests_per_minute: 1000000
  routes:
    - { match: /v1/models, by: all, requests_per_minute: 1, burst: ${burst} }
    - { match: /models, by: all, requests_per_minute: 1, burst: 4 }
`;
    await using gateway = await startReloading({ "gateway.yaml": yaml("1s", 5) });
    /** How many of so many calls are granted, each on a connection of its own. */
    const granted = async (path: string, calls: number) => {
      const headers = { authorization: `Bearer ${adminKey}`, connection: "close" };
      let count = 0;
      for (let call = 0; call < calls; call += 1) {
        const { status } = await fetch(gateway.url + path, { headers });
        if (status === 200) count += 1;
      }
      return count;
    };
    expect([await granted("/v1/models", 7), await granted("/models", 2)]).toEqual([5, 2]);
    gateway.write("gateway.yaml", yaml("2s", 5));
    expect(await gateway.reload()).toMatchObject({ result: "ok" });
    expect([await granted("/v1/models", 3), await granted("/models", 1)]).toEqual([0, 1]);
    gateway.write("gateway.yaml", yaml("2s", 6));
    expect(await gateway.reload()).toMatchObject({ result: "ok" });
    expect([await granted("/v1/models", 8), await granted("/models", 3)]).toEqual([6, 1]);
  },
  60_000,
);

test("a mounted ConfigMap and Secret that are swapped by a link are taken, each time", async () => {
  const yaml = (ttl: string) =>
    `${yamlWith("", ttl)}providers: { x: { dialect: openai, base_url: "http://127.0.0.1:1", api_key: "\${file:key}" } }\n`;
  await using gateway = await startReloading(
    { "gateway.yaml": yaml("1s"), key: "one" },
    { mounted: true },
  );
  for (const [index, files] of [
    { "gateway.yaml": yaml("2s"), key: "one" },
    { "gateway.yaml": yaml("2s"), key: "two" },
    { "gateway.yaml": yaml("3s"), key: "three" },
  ].entries()) {
    gateway.mount(files);
    await expect.poll(async () => (await gateway.status()).generation, patience).toBe(index + 2);
  }
  expect((await gateway.status()).last_cause).toBe("change");
});

test("a secret's file that a variable names is watched: the new key opens, the one before does not", async () => {
  await using keys = await temporaryFolder();
  const file = await keys.write("operator", "first-key-of-the-operator\n");
  await using gateway = await startReloading(
    { "gateway.yaml": yamlWith() },
    { env: { API_KEY_FILE: file } },
  );
  const statusFor = async (key: string) =>
    (await fetch(`${gateway.url}/v1/models`, { headers: { "x-api-key": key } })).status;
  expect(await statusFor("first-key-of-the-operator")).toBe(200);
  await keys.write("operator", "second-key-of-the-operator\n");
  await expect.poll(() => statusFor("second-key-of-the-operator"), patience).toBe(200);
  expect(await statusFor("first-key-of-the-operator")).toBe(401);
  expect(gateway.process.output()).not.toContain("key-of-the-operator");
});

test("with `reload.watch` off a change waits for SIGHUP", async () => {
  const off = "reload: { watch: false }";
  await using gateway = await startReloading({ "gateway.yaml": yamlWith(off) });
  gateway.replace("gateway.yaml", yamlWith(off, "7s"));
  gateway.process.signal("SIGHUP");
  await expect.poll(async () => (await gateway.status()).generation, patience).toBe(2);
  const { last_cause: cause } = await gateway.status();
  expect(cause).toBe("signal");
  // Whatever has changed was taken by the signal: no watch has asked as well.
  expect(gateway.lines("configuration read again").map((line) => line.cause)).toEqual(["signal"]);
});
