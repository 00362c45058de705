/** `polygate models`, which asks a running gateway, and prints prices for its file. */

import { describe, expect, test } from "vitest";
import { models } from "#cli/models.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Runs the command in this process. */
async function run(
  argv: readonly string[],
  { env = {}, cwd = "/" }: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    ...{ env, cwd, terminals: [] as const },
    ...{ out: (text: string) => out.push(text), err: (text: string) => err.push(text) },
  };
  const code = await models(argv, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("the list", () => {
  test("names each model with its provider, the backend it is reached through, what it can do and its price", async () => {
    await using provider = await startProvider("openai-chat");
    await using gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
providers:
  openai:
    base_url: ${provider.url}/v1
    api_key: sk-1
    default_model: gpt-4o-mini
    prices: { double: { input: 0.15, output: 0.6 } }
routes: { swift: { scored: [{ provider: openai, model: gpt-4o-mini }] } }
`,
    });
    const { code, out, err } = await run(["--server", gateway.url]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [head = "", ...rows] = out.split("\n");
    expect(head.split(/ {2,}/)).toEqual([
      "MODEL",
      "PROVIDER",
      "THROUGH",
      "STATE",
      "CAN",
      "$ / M TOKENS",
    ]);
    expect(rows.some((row) => row.startsWith("swift "))).toBe(true);
    expect(rows.some((row) => /^digits\S* .*\bonnx\b/.test(row))).toBe(true);
    expect(rows.find((row) => row.startsWith("double "))).toMatch(
      /openai +llm +available .* 0\.15 \/ 0\.6$/,
    );
  });

  test("shows the key of the environment, or of a file, and says what is wrong without one", async () => {
    await using folder = await temporaryFolder();
    await folder.write("key", "key-1\n");
    await using gateway = await startTestGateway({
      yaml: "{ gateway: { host: 127.0.0.1, port: 0 }, auth: { keys: [{ name: a, key: key-1 }] } }",
    });
    const env = { POLYGATE_URL: gateway.url };
    expect((await run([], { env: { ...env, POLYGATE_API_KEY: "key-1" } })).code).toBe(0);
    expect((await run(["--key-file", "key"], { env, cwd: folder.path })).code).toBe(0);
    const without = await run([], { env });
    expect(without.code).toBe(80);
    expect(without.err).toMatch(/^CREDENTIAL_MISSING: .*\(hint: .*--key-file/);
    const wrong = await run([], { env: { ...env, POLYGATE_API_KEY: "s3cret-key" } });
    expect(wrong.code).toBe(80);
    expect(wrong.err).not.toContain("s3cret-key");
  });

  test("of a gateway that is not there, and of no address, is an error", async () => {
    const away = await run(["--server", `http://127.0.0.1:${await freePort()}`]);
    expect(away.code).toBe(78);
    expect(away.err).toContain("ECONNREFUSED");
    expect(await run(["--server", "nowhere"])).toEqual({
      code: 2,
      out: "",
      err: "flag --server: expected an address such as http://127.0.0.1:8080",
    });
  });
});

describe("prices", () => {
  const table = {
    "gpt-4o": {
      litellm_provider: "openai",
      input_cost_per_token: 2.5e-6,
      output_cost_per_token: 1e-5,
    },
    "grok-4": { litellm_provider: "xai", input_cost_per_token: 3e-6, output_cost_per_token: 1e-5 },
  };

  test("of a published table are printed as a gateway's file has them, with their day", async () => {
    await using folder = await temporaryFolder();
    await folder.write("prices.json", JSON.stringify(table));
    const at = { cwd: folder.path };
    const { code, out } = await run(
      ["prices", "--import", "prices.json", "--provider", "openai"],
      at,
    );
    expect(code).toBe(0);
    const [head, ...yaml] = out.split("\n");
    expect(head).toMatch(/^# US dollars per million tokens, as of \d{4}-\d\d-\d\d /);
    expect(yaml.join("\n")).toBe(
      "providers:\n  openai:\n    prices:\n      gpt-4o:\n        input: 2.5\n        output: 10",
    );
    const one = await run(["prices", "--import", "prices.json", "--model", "grok-4"], at);
    expect(one.out).toContain("xai:");
    expect(one.out).not.toContain("openai");
    const none = await run(["prices", "--import", "prices.json", "--model", "other"], at);
    expect(none).toMatchObject({
      code: 1,
      err: "flag --import: has no price of what was asked for",
    });
  });

  test.each([
    ["missing.json", "ENOENT"],
    ["broken.json", "JSON"],
    ["other.json", "litellm_provider"],
  ])("of %s are refused by what is wrong", async (file, told) => {
    await using folder = await temporaryFolder();
    await folder.write("broken.json", "{");
    await folder.write("other.json", "{}");
    const { code, err } = await run(["prices", "--import", file], { cwd: folder.path });
    expect(code).toBe(1);
    expect(err).toMatch(/^flag --import: /);
    expect(err).toContain(told);
  });

  test("without a file say which flag is missing", async () => {
    expect(await run(["prices"])).toMatchObject({
      code: 2,
      err: "flag --import: is required: the file with the prices",
    });
  });
});

test.each([[["--help"]], [["prices", "--help"]]])("%j prints its flags", async (argv) => {
  const { code, out } = await run(argv);
  expect(code).toBe(0);
  expect(out).toContain("Usage: polygate models");
});
