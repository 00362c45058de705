/** Tokens of a service account: one for all calls, anew before its end, and never told. */

import { expect, test } from "vitest";
import { AccessTokens } from "#backends/llm/access-tokens.ts";
import { readServiceAccount } from "#backends/llm/service-account.ts";
import { reasonOf } from "#errors/fault.ts";
import { createManualClock } from "../../../support/manual-clock.ts";
import { startTokens, type TokenDouble } from "../../../support/token-double.ts";

function tokensOf({ keyFile }: TokenDouble) {
  const account = readServiceAccount(keyFile);
  if (typeof account === "string") throw new Error(account);
  const clock = createManualClock();
  return { tokens: new AccessTokens(account, clock), clock, account };
}

const { signal } = new AbortController();

test("the assertion says who asks, for what, of whom and for how long", async () => {
  await using double = await startTokens();
  const { tokens, clock, account } = tokensOf(double);
  expect(await tokens.get(signal)).toBe("ya29.token-1");
  const iat = Math.floor(clock.wallMs() / 1_000);
  expect(double.claims).toEqual([
    {
      iss: "gateway@project.iam.gserviceaccount.com",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      aud: account.tokenUri,
      iat,
      exp: iat + 3_600,
    },
  ]);
});

test("a hundred calls at once, and all until shortly before its end, have one token", async () => {
  await using double = await startTokens();
  const { tokens, clock } = tokensOf(double);
  const all = await Promise.all(Array.from({ length: 100 }, () => tokens.get(signal)));
  expect(new Set(all)).toEqual(new Set(["ya29.token-1"]));
  await clock.advance(3_299_000);
  expect(await tokens.get(signal)).toBe("ya29.token-1");
  await clock.advance(1_000);
  expect(await tokens.get(signal)).toBe("ya29.token-2");
  expect(double.given).toHaveLength(2);
});

test("a token of a short life is used in the first half of it", async () => {
  await using double = await startTokens();
  double.expiresIn = 60;
  const { tokens, clock } = tokensOf(double);
  await tokens.get(signal);
  await clock.advance(29_999);
  expect(await tokens.get(signal)).toBe("ya29.token-1");
  await clock.advance(1);
  expect(await tokens.get(signal)).toBe("ya29.token-2");
});

test("a token that was refused is not given again; one that was refused late does not cost its successor", async () => {
  await using double = await startTokens();
  const { tokens } = tokensOf(double);
  const first = await tokens.get(signal);
  tokens.refused(first);
  expect(await tokens.get(signal)).toBe("ya29.token-2");
  tokens.refused(first);
  expect(await tokens.get(signal)).toBe("ya29.token-2");
});

test("who leaves does not end what others wait for", async () => {
  await using double = await startTokens();
  const { tokens } = tokensOf(double);
  const leave = new AbortController();
  const left = tokens.get(leave.signal);
  const stays = tokens.get(signal);
  leave.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect(await stays).toBe("ya29.token-1");
});

test("a refusal is the credential's, a server that fails is lost; the next call asks again", async () => {
  await using double = await startTokens();
  const { tokens } = tokensOf(double);
  double.faults.push(401, 503);
  const reasons: unknown[] = [];
  for (const _ of [1, 2]) {
    const thrown = await tokens.get(signal).catch((error: unknown) => error);
    reasons.push(reasonOf(thrown as never));
    expect(String(thrown)).not.toContain("eyJ");
  }
  expect(reasons).toEqual(["BACKEND_CREDENTIAL", "BACKEND_LOST"]);
  expect(await tokens.get(signal)).toBe("ya29.token-1");
});

test.each([
  ["none", ""],
  ["one that would be two fields of a head", "a\r\nx: b"],
  ["one of more than 16 KiB", "a".repeat(16 * 1024 + 1)],
  ["a response of more than 64 KiB", "a".repeat(64 * 1024)],
])("what is no token is not taken for one: %s", async (_name, token) => {
  await using double = await startTokens();
  double.token = token;
  const { tokens } = tokensOf(double);
  const thrown = await tokens.get(signal).catch((error: unknown) => error);
  expect(reasonOf(thrown as never)).toBe("BACKEND_CREDENTIAL");
  expect(String(thrown)).not.toContain("aaaa");
});

test.each([
  ["a life without end is a day's", 1e300, 86_400_000 - 300_000],
  ["a life that is over before it begins is none", -5, 0],
])("%s", async (_name, expiresIn, keptMs) => {
  await using double = await startTokens();
  double.expiresIn = expiresIn;
  const { tokens, clock } = tokensOf(double);
  await tokens.get(signal);
  await clock.advance(keptMs);
  expect(await tokens.get(signal)).toBe("ya29.token-2");
});

const good = {
  type: "service_account",
  client_email: "a@b",
  token_uri: "https://oauth2.googleapis.com/token",
  private_key: "none",
};
test.each([
  ["no JSON", "{", "is no JSON"],
  [
    "a user's credentials",
    { ...good, type: "authorized_user" },
    "is not the key of a service account",
  ],
  ["a list", [], "is not the key of a service account"],
  ["nobody's", { ...good, client_email: 1 }, "has no client_email"],
  [
    "a token server in the clear",
    { ...good, token_uri: "http://evil.example/t" },
    "has no token_uri that begins with https://",
  ],
  ["no key", good, "has no private_key of RSA that can be read"],
])("a key file that is %s is told so, without its text", (_name, file, problem) => {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  expect(readServiceAccount(text)).toBe(problem);
});
