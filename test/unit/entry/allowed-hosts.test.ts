/** Which names a request may ask for, and what becomes of one that asks for another. */

import { describe, expect, test } from "vitest";
import { createAllowedHosts } from "#entry/allowed-hosts.ts";
import { reasonOf } from "#errors/fault.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import { callRecord } from "../../support/call.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

const hosts = ["Gate.Example.", "*.wide.example", "*.other.example", "127.0.0.1", "::1"];

/** Whether a request for `authority` is refused, and with what. */
function ask(authority: string, host?: string) {
  const refusals: unknown[] = [];
  const surface = createAllowedHosts(hosts, {
    refuse: (_arrival, record, error) => refusals.push(record.refusal, reasonOf(error)),
    hasSockets: false,
  });
  const record = callRecord(host === undefined ? {} : { host });
  const exchange = new MemoryExchange({ method: "GET", target: "/" });
  return { taken: surface.take(Object.assign(exchange, { authority }), record), refusals };
}

describe("a name is served", () => {
  test.each([
    "gate.example",
    "GATE.example",
    "gate.example.",
    "gate.example:8080",
    "gate.example.:8080",
    "a.wide.example",
    "a.b.wide.example",
    "*.other.example",
    "127.0.0.1:80",
    "[::1]",
    "[::1]:80",
  ])("%s", (authority) => {
    expect(ask(authority)).toEqual({ taken: false, refusals: [] });
  });
});

describe("a name is refused", () => {
  test.each([
    "",
    "example",
    "gatesexample",
    "gate.example.evil",
    "evil.gate.example",
    "gate.example..",
    "wide.example",
    ".wide.example",
    "*.wide.example.evil",
    "awide.example",
    "a.wide.example.evil",
    "a.wide.example:80x",
    "[::2]",
  ])("%s", (authority) => {
    const refusals = ["HOST_UNKNOWN", "HOST_UNKNOWN"];
    expect(ask(authority)).toEqual({ taken: true, refusals });
  });
});

test("what a trusted proxy says of the host is asked before the authority", () => {
  expect(ask("127.0.0.1", "evil.example").taken).toBe(true);
  expect(ask("evil.example", "gate.example").taken).toBe(false);
});

test("sockets are held to the names where the listener has some, and only there", () => {
  const refuse = () => {};
  expect(createAllowedHosts(hosts, { refuse, hasSockets: false }).upgrade).toBeUndefined();
  const { upgrade } = createAllowedHosts(hosts, { refuse, hasSockets: true });
  const named = (authority: string) => ({ authority }) as Upgrade;
  expect(upgrade?.(named("evil.example"), callRecord())).toBe(true);
  expect(upgrade?.(named("gate.example"), callRecord())).toBe(false);
});
