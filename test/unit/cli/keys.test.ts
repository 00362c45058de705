import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isPasswordOf, parsePasswordHash } from "#identity/password-hash.ts";
import { tokenStore } from "#identity/token-store.ts";
import { keys } from "../../../src/cli/keys.ts";
import { keysHash } from "../../../src/cli/keys-hash.ts";
import { keysToken } from "../../../src/cli/keys-token.ts";
import { ConfigFolder } from "../../support/config-folder.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { tokenSecret } from "../../support/tokens.ts";

function terminal(env: Record<string, string> = {}, cwd = "/") {
  const out: string[] = [];
  const err: string[] = [];
  return {
    ...{ env, cwd, terminals: [] },
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    read: () => ({ out: out.join("\n"), err: err.join("\n") }),
  };
}

/** The claims of a token, whoever signed it. */
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;

describe("keys", () => {
  test("an unknown sub-command is told with a guess", async () => {
    const at = terminal();
    expect(await keys(["tokn"], at)).toBe(2);
    expect(at.read().err).toMatch(
      /^polygate keys: unknown command "tokn" \(did you mean token\?\)/,
    );
  });

  test("no name of an object's own methods is one", async () => {
    expect(await keys(["constructor"], terminal())).toBe(2);
  });

  test("help lists them", async () => {
    const at = terminal();
    expect(await keys(["--help"], at)).toBe(0);
    for (const name of ["token", "hash"]) expect(at.read().out).toContain(`  ${name} `);
  });

  test("a sub-command is given what stands behind its name", async () => {
    const at = terminal({ SECRET_KEY: tokenSecret });
    expect(await keys(["token", "--sub", "alice"], at)).toBe(0);
    expect(claimsOf(at.read().out)).toMatchObject({ sub: "alice" });
  });
});

describe("keys token", () => {
  test("prints a token that the gateway with these settings takes", async () => {
    const yaml = `auth:
  secret_key: \${AUTH_SECRET_KEY}
  jwt: { issuer: us, audience: [gate, other], claims: { scopes: rights, scope_prefix: "polygate:" } }
`;
    using folder = new ConfigFolder({ "gateway.yaml": yaml });
    const at = terminal({ AUTH_SECRET_KEY: tokenSecret }, folder.path);
    const flags = ["--sub", "alice", "--scopes", "admin,route", "--ttl", "2h", "--group", "g"];
    const argv = [...flags, "--models", "a", "b", "--config", "gateway.yaml"];
    expect(await keysToken(argv, at)).toBe(0);
    const loaded = folder.load({ AUTH_SECRET_KEY: tokenSecret }, []);
    if (!loaded.ok || loaded.settings.auth.tokens === undefined) throw new Error("no tokens");
    const clock = createManualClock(Date.now());
    const found = await tokenStore(loaded.settings.auth.tokens, undefined, clock).find(
      at.read().out,
    );
    expect(found?.principal).toEqual({
      id: "jwt:alice",
      authenticated: true,
      scopes: new Set(["admin", "route"]),
      models: ["a", "b"],
      group: { id: "g" },
    });
    const { exp, iat, iss, aud } = claimsOf(at.read().out);
    expect([Number(exp) - Number(iat), iss, aud]).toEqual([7200, "us", "gate"]);
  });

  const rows = [
    { name: "no subject", argv: [], says: "flag --sub: is required" },
    {
      name: "a scope that there is not",
      argv: ["--sub", "a", "--scopes", "root"],
      says: "flag --scopes: expected admin, route, priority, batch",
    },
    {
      name: "a time that is none",
      argv: ["--sub", "a", "--ttl", "soon"],
      says: "flag --ttl: expected a duration",
    },
    {
      name: "no secret",
      argv: ["--sub", "a"],
      env: { SECRET_KEY: "" },
      says: "there is no secret that signs tokens",
    },
    { name: "an unknown flag", argv: ["--subject", "a"], says: "flag --subject: is unknown" },
  ];
  test.each(rows)("$name is told, and prints no token", async ({ argv, env = {}, says }) => {
    const at = terminal({ SECRET_KEY: tokenSecret, ...env });
    expect(await keysToken(argv, at)).toBe(1);
    expect(at.read().out).toBe("");
    expect(at.read().err).toContain(says);
    expect(at.read().err).not.toContain(tokenSecret);
  });

  test("is not made where the gateway would not take it", async () => {
    const yaml = `auth: { jwt: { secret: "\${S}", lifetime_max: 1h } }`;
    using folder = new ConfigFolder({ "gateway.yaml": yaml });
    const at = terminal({ S: tokenSecret }, folder.path);
    expect(await keysToken(["--sub", "a", "--ttl", "2h", "--config", "gateway.yaml"], at)).toBe(1);
    expect(at.read().err).toContain("longer than auth.jwt.lifetime_max");
  });
});

describe("keys hash", () => {
  test("prints the SHA-256 of a key", async () => {
    const at = terminal();
    expect(await keysHash([], at, async () => "a-key")).toBe(0);
    expect(at.read().out).toBe(createHash("sha256").update("a-key").digest("hex"));
  });

  test("prints the scrypt of a password", async () => {
    const at = terminal();
    expect(await keysHash(["--password"], at, async () => "pass word")).toBe(0);
    const hash = parsePasswordHash(at.read().out);
    expect(hash && (await isPasswordOf("pass word", hash))).toBe(true);
  });

  test.each([
    { argv: [], text: "" },
    { argv: [], text: "two words" },
    { argv: ["--password"], text: "" },
    { argv: [], text: "a".repeat(1025) },
  ])("$argv of $text is refused, and not repeated", async ({ argv, text }) => {
    const at = terminal();
    expect(await keysHash(argv, at, async () => text)).toBe(1);
    expect(at.read().out).toBe("");
    expect(at.read().err).toMatch(/^stdin: expected a (key|password)/);
  });
});
