/** Questions to a real name server on the loopback: addresses, services, and all that it may not answer. */

import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import type { DnsSettings } from "#backends/discovery-settings.ts";
import { dnsResolve } from "#discovery/dns.ts";
import { type DnsDouble, startDns } from "../../support/dns-double.ts";

const settings = (dns: DnsDouble, more: Partial<DnsSettings> = {}): DnsSettings => ({
  source: "dns",
  written: "vllm.test:8000",
  name: "vllm.test",
  records: "addresses",
  port: 8000,
  host: "vllm.test",
  scheme: "http",
  path: "",
  servers: [dns.address],
  intervalMs: 30_000,
  endpointsMax: 64,
  ...more,
});
const services = { records: "services", name: "_vllm._tcp.test" } as const;
const { signal } = new AbortController();
const place = (address: string, port = 8000, weight = 1) => ({ address, port, weight });

test("A and AAAA: every address, with the least time that they hold for", async () => {
  await using dns = await startDns();
  dns.zone.set("vllm.test", {
    A: ["10.0.0.5", "10.0.0.6"],
    AAAA: ["2001:db8:0:0:0:0:0:5"],
    ttl: 7,
  });
  expect(await dnsResolve(settings(dns))(signal)).toEqual({
    places: [place("10.0.0.5"), place("10.0.0.6"), place("2001:db8::5")],
    ttlMs: 7_000,
  });
});

test("each answer is a fresh one, however long the one before may be kept", async () => {
  await using dns = await startDns();
  const resolve = dnsResolve(settings(dns));
  dns.zone.set("vllm.test", { A: ["10.0.0.5"], ttl: 3_600 });
  expect((await resolve(signal)).places).toEqual([place("10.0.0.5")]);
  dns.zone.set("vllm.test", { A: ["10.0.0.6"], ttl: 3_600 });
  expect((await resolve(signal)).places).toEqual([place("10.0.0.6")]);
  expect(getEventListeners(signal, "abort"), "nothing is left of a question").toEqual([]);
});

test("SRV: those of the first priority, each with its port and weight, at all addresses of its name", async () => {
  await using dns = await startDns();
  dns.zone.set(services.name, {
    SRV: [
      { priority: 1, weight: 5, port: 8001, target: "a.test" },
      { priority: 1, weight: 0, port: 8002, target: "b.test" },
      { priority: 2, weight: 9, port: 8003, target: "c.test" },
    ],
  });
  dns.zone.set("a.test", { A: ["10.0.0.1", "10.0.0.2"], ttl: 7 });
  dns.zone.set("b.test", { AAAA: ["2001:db8:0:0:0:0:0:b"], ttl: 5 });
  expect(await dnsResolve(settings(dns, services))(signal)).toEqual({
    ttlMs: 5_000,
    places: [place("10.0.0.1", 8001, 5), place("10.0.0.2", 8001, 5), place("2001:db8::b", 8002, 1)],
  });
  expect(dns.asked.some((question) => question.includes("c.test"))).toBe(false);
});

test("no more targets of SRV are asked for than there may be endpoints", async () => {
  await using dns = await startDns();
  const targets = Array.from({ length: 20 }, (_, index) => `t${index}.test`);
  dns.zone.set(services.name, { SRV: targets.map((target) => ({ port: 1, target })) });
  for (const target of targets) dns.zone.set(target, { A: ["10.0.0.1"] });
  await dnsResolve(settings(dns, { ...services, endpointsMax: 3 }))(signal);
  expect(dns.asked.filter((question) => question.startsWith("A "))).toHaveLength(3);
});

test("a server that fails, or has no such service, is a failure; a name that is not there is an empty answer", async () => {
  await using dns = await startDns();
  const resolve = dnsResolve(settings(dns));
  expect(await resolve(signal)).toEqual({ places: [] });
  await expect(dnsResolve(settings(dns, services))(signal)).rejects.toMatchObject({
    code: "ENOTFOUND",
  });
  dns.mood = "failing";
  await expect(resolve(signal)).rejects.toMatchObject({ code: "ESERVFAIL" });
});

test("while one kind of address fails its last answer holds; a kind that never works is no hindrance", async () => {
  await using dns = await startDns();
  const resolve = dnsResolve(settings(dns));
  dns.zone.set("vllm.test", { A: ["10.0.0.5"], fails: ["AAAA"] });
  expect((await resolve(signal)).places).toEqual([place("10.0.0.5")]);
  dns.zone.set("vllm.test", { A: ["10.0.0.5"], AAAA: ["2001:db8:0:0:0:0:0:5"] });
  await resolve(signal);
  dns.zone.set("vllm.test", { A: ["10.0.0.6"], fails: ["AAAA"] });
  for (const _ of [1, 2]) {
    expect((await resolve(signal)).places).toEqual([place("10.0.0.6"), place("2001:db8::5")]);
  }
  dns.zone.set("vllm.test", { A: ["10.0.0.6"] });
  expect((await resolve(signal)).places).toEqual([place("10.0.0.6")]);
});

test("what name servers do not know, or do not say, is the system's to find", async () => {
  await using dns = await startDns();
  const found = async (name: string) => [{ address: `found ${name}` }];
  const resolve = dnsResolve(settings(dns), found);
  expect(await resolve(signal)).toEqual({ places: [place("found vllm.test")] });
  dns.mood = "failing";
  expect(await resolve(signal)).toEqual({ places: [place("found vllm.test")] });
  dns.mood = "well";
  dns.zone.set("vllm.test", { A: ["10.0.0.5"] });
  expect((await resolve(signal)).places).toEqual([place("10.0.0.5")]);
});

test("an abort ends a question that nobody answers", async () => {
  await using dns = await startDns();
  dns.mood = "silent";
  const stop = new AbortController();
  const asking = dnsResolve(settings(dns))(stop.signal);
  stop.abort(new Error("stopped"));
  await expect(asking).rejects.toThrow("stopped");
});
