/** The link to Redis on real servers: TLS, passwords, time, the breaker, and what it tells of failures. */

import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { RedisLink, type RedisLinkDeps, type RedisScript } from "#redis/link.ts";
import type { RedisSettings } from "#redis/redis-settings.ts";
import { freePort } from "../support/free-port.ts";
import { describeWith } from "../support/needs.ts";
import { missingRedis, startRedis } from "../support/redis-server.ts";
import { serverTls } from "../support/tls.ts";

const echo: RedisScript = { name: "testEcho", lua: "return ARGV[1]" };
const slow: RedisScript = {
  name: "testSlow",
  lua: "local n = 0 for i = 1, tonumber(ARGV[1]) do n = n + 1 end return 'late'",
};

async function open(settings: Partial<RedisSettings>, port: number, commandMs = 10_000) {
  const told: string[] = [];
  const ended: string[] = [];
  const deps: RedisLinkDeps = {
    clock: systemClock,
    onState: (state, error) =>
      told.push(error === undefined ? state : `${state}: ${error.message}`),
    onCall: (result) => ended.push(result),
  };
  const nodes = [{ host: "localhost", port }];
  const link = new RedisLink(
    { nodes, isCluster: false, database: 0, commandMs, ...settings },
    deps,
  );
  await link.open();
  return { link, told, ended };
}

describeWith(missingRedis)("the link to Redis", () => {
  test("speaks TLS, and checks the certificate", async () => {
    const [port, plain] = [await freePort(), await freePort()];
    await using _server = await startRedis({
      port: plain,
      args: [
        ...["--tls-port", String(port), "--tls-auth-clients", "no"],
        ...["--tls-cert-file", serverTls.certFile, "--tls-key-file", serverTls.keyFile],
        ...["--tls-ca-cert-file", serverTls.caFile],
      ],
    });
    const good = await open({ tls: { caFile: serverTls.caFile } }, port);
    await using _good = good.link;
    expect(await good.link.run(echo, [], ["hello"])).toBe("hello");
    const unknown = await open({ tls: {} }, port);
    await using _unknown = unknown.link;
    expect(unknown.link.state).toBe("away");
    expect(unknown.told[0]).toMatch(/^away: .*certificate/i);
  });

  test("gives its password, and tells no one what it is when it is wrong", async () => {
    await using server = await startRedis({ args: ["--requirepass", "right-and-secret"] });
    const good = await open({ password: "right-and-secret" }, server.port);
    await using _good = good.link;
    expect(await good.link.run(echo, [], ["hello"])).toBe("hello");
    const bad = await open({ username: "default", password: "wrong-and-secret" }, server.port);
    await using _bad = bad.link;
    const failed = await bad.link.run(echo, [], ["hello"]).catch((error: unknown) => error);
    expect(bad.told.join()).toMatch(/WRONGPASS|NOAUTH/);
    expect(`${bad.told.join()} ${String(failed)} ${JSON.stringify(failed)}`).not.toContain(
      "secret",
    );
  });

  test("keeps its database apart", async () => {
    await using server = await startRedis();
    const one = await open({ database: 5 }, server.port);
    await using _one = one.link;
    const set: RedisScript = { name: "testSet", lua: "return redis.call('SET', KEYS[1], 'x')" };
    await one.link.run(set, ["key"], []);
    expect(server.cli("-n", "5", "exists", "key")).toBe("1");
    expect(server.cli("exists", "key")).toBe("0");
  });

  test("a command has its time; its reply that comes later is not lost", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port, 20);
    await using _one = one.link;
    server.freeze();
    const late = Promise.withResolvers<unknown>();
    await expect(one.link.run(slow, [], [1], late.resolve)).rejects.toThrow(
      "no reply within 20 ms",
    );
    server.thaw();
    expect(await late.promise).toBe("late");
    expect(one.ended).toEqual(["failed"]);
  });

  test("after three failures no command is sent, but for one that tries again", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port, 20);
    await using _one = one.link;
    server.freeze();
    for (let count = 0; count < 3; count += 1) {
      await expect(one.link.run(echo, [], ["x"])).rejects.toThrow("no reply");
    }
    expect([one.link.state, one.link.isAway()]).toEqual(["away", true]);
    await expect(one.link.run(echo, [], ["x"])).rejects.toThrow("it is away");
    expect(one.ended).toEqual(["failed", "failed", "failed", "skipped"]);
    expect(one.told).toEqual(["away: no reply within 20 ms"]);
    server.thaw();
    while (one.link.state === "away") await one.link.run(echo, [], ["x"]).catch(() => undefined);
    expect(one.told).toEqual(["away: no reply within 20 ms", "working"]);
  });

  test("what the server refuses is a failure in its words", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port);
    await using _one = one.link;
    const wrong: RedisScript = { name: "testWrong", lua: "return redis.call('HGET', KEYS[1])" };
    await expect(one.link.run(wrong, ["key"], [])).rejects.toThrow(/Wrong number of args/);
  });

  test("of each command it is told how it ended", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port);
    await using _one = one.link;
    const wrong: RedisScript = { name: "testUnknown", lua: "return redis.call('NONE')" };
    await expect(one.link.run(wrong, [], [])).rejects.toThrow("Unknown Redis command");
    expect(await one.link.run(echo, [], ["x"])).toBe("x");
    expect(one.ended).toEqual(["failed", "ok"]);
  });

  test("a command whose time is over is told once, also when its connection ends; two turn nothing away", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port, 20);
    await using _one = one.link;
    server.freeze();
    await expect(one.link.run(echo, [], ["x"])).rejects.toThrow("no reply within 20 ms");
    await server.kill();
    // What was sent before is told of the connection's end before this one is.
    await expect(one.link.run(echo, [], ["x"])).rejects.toThrow();
    expect(one.ended).toEqual(["failed", "failed"]);
    expect([one.link.state, one.told]).toEqual(["working", []]);
  });

  test("texts come as text, or as their bytes where the script asks for those", async () => {
    await using server = await startRedis();
    const one = await open({}, server.port);
    await using _one = one.link;
    const bytes = Buffer.from("00ff80c3", "hex");
    const raw: RedisScript = { name: "testRaw", lua: "return ARGV[1]", isBinary: true };
    expect(await one.link.run(raw, [], [bytes])).toEqual(bytes);
    expect(await one.link.run(echo, [], [7])).toBe("7");
  });
});
