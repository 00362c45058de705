/** `polygate keys`, which asks a running gateway. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { keys } from "#cli/keys.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const admin = "admins-key-that-is-long-enough";

/** Runs the command in this process. */
async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    ...{ env, cwd: "/", terminals: [] as const },
    ...{ out: (text: string) => out.push(text), err: (text: string) => err.push(text) },
  };
  const code = await keys(argv, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("makes a key, shows it, rotates and revokes it", async () => {
  await using folder = await temporaryFolder();
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { type: apikey, secret_key: ${admin}, groups: { team: { burst: 9 } }, key_store: { path: "${folder.path}/keys.db" } }
`,
  });
  const env = { POLYGATE_URL: gateway.url, POLYGATE_API_KEY: admin };
  const statusFor = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${gateway.url}/api/v1/models`, { headers })).status;
  };
  const flags = ["--group", "team", "--model", "gpt-*", "embedded", "--budget", "50/month"];
  const made = await run(["create", "ci", ...flags, "--expires", "90d", "--json"], env);
  expect([made.code, made.err]).toEqual([0, ""]);
  const { key, secret } = JSON.parse(made.out);
  expect(key.spec).toMatchObject({
    ...{ name: "ci", group: "team", models: ["gpt-*", "embedded"] },
    allowance: { budget: { usd: 50, period: "month" } },
    expire_time: expect.any(String),
  });
  expect(await statusFor(secret)).toBe(200);

  const plain = await run(["create", "dev"], env);
  expect(plain.out).toMatch(
    /^NAME +ID +KEY .*\ndev +key_\w+ +pg_live_\w{4}… +active .*\n\nIt is shown once:\npg_live_\w{49}$/,
  );
  const list = await run(["list"], env);
  expect(list.out.split("\n").map((row) => row.split(" ", 1)[0])).toEqual(["NAME", "dev", "ci"]);
  expect(list.out).not.toContain(secret);
  const shown = await run(["show", "ci"], env);
  expect(shown.out).toMatch(/^ci +key_\w+ .* active +team +- +gpt-\* embedded /m);
  const own = await run(["show", "self", "--json"], { ...env, POLYGATE_API_KEY: secret });
  expect(JSON.parse(own.out).key.spec.name).toBe("ci");

  const rotated = await run(["rotate", "ci", "--overlap", "0", "--json"], env);
  const renewed = JSON.parse(rotated.out).secret;
  expect([await statusFor(secret), await statusFor(renewed)]).toEqual([401, 200]);
  const revoked = await run(["revoke", "ci"], env);
  expect(revoked.out).toMatch(/^ci .* revoked /m);
  expect(await statusFor(renewed)).toBe(401);
  expect((await run(["list"], env)).out).not.toMatch(/^ci /m);
  expect((await run(["list", "--revoked"], env)).out).toMatch(/^ci .* revoked /m);
});

test("says what is wrong, and what there is", async () => {
  const help = await run([]);
  expect([help.code, help.out]).toEqual([0, expect.stringMatching(/^ {2}revoke <key> /m)]);
  expect(await run(["crate"])).toMatchObject({
    code: 2,
    err: expect.stringContaining('unknown command "crate"'),
  });
  expect(await run(["toString"])).toMatchObject({ code: 2 });
  expect(await run(["revoke"])).toMatchObject({
    code: 2,
    err: "polygate keys revoke <key>: too few words (hint: add --help)",
  });
  expect((await run(["create", "--help"])).out).toMatch(/^ {2}--budget <usd\/period> /m);
  const port = await freePort();
  const away = await run(["list", "--server", `http://127.0.0.1:${port}`]);
  expect([away.code, away.err]).toEqual([78, expect.stringContaining("ECONNREFUSED")]);
  expect(await run(["create", "ci", "--budget", "much"])).toMatchObject({
    code: 2,
    err: "flag --budget: expected dollars such as 50/month",
  });
});

/** A block of the part about keys of docs/callers.md. */
function pageBlock(language: string): string {
  const [, part = ""] = readFileSync("docs/callers.md", "utf8").split("\n## Keys\n");
  return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(part)?.[1] ?? "";
}

test("the page's commands do what they say, with the settings next to them", async () => {
  await using folder = await temporaryFolder();
  const yaml = pageBlock("yaml").replace("keys.db", `${folder.path}/keys.db`);
  await using gateway = await startTestGateway({
    yaml: `gateway: { host: 127.0.0.1, port: 0 }\n${yaml}`,
    env: { ADMIN_KEY: admin },
  });
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    ...{ ADMIN_KEY: admin, POLYGATE_API_KEY: admin, POLYGATE_URL: gateway.url },
  };
  const polygate = `polygate() { ${JSON.stringify(process.execPath)} -C source bin/polygate.cjs "$@"; }`;
  const lines = pageBlock("sh").trim().split("\n");
  const told: string[] = [];
  for (const line of lines) {
    const here = line.replace("localhost:8080", gateway.url);
    const { stdout } = await promisify(execFile)("bash", ["-c", `${polygate}\n${here}`], { env });
    told.push(stdout);
    const [text] = /^pg_live_\w+$/m.exec(stdout) ?? [];
    if (text !== undefined) env.KEY = text;
  }
  expect(told).toEqual([
    "",
    expect.stringContaining("It is shown once:"),
    expect.stringMatching(/^ci .* research /m),
    expect.stringContaining('"name":"ci"'),
    expect.stringContaining("It is shown once:"),
    expect.stringMatching(/^ci .* revoked /m),
    expect.stringContaining('"total":'),
  ]);
}, 60_000);
