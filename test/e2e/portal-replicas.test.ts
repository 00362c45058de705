/** Sessions of the portal on gateways that share a secret and a real Redis: what one has ended no other takes. */

import { afterAll, beforeAll, expect, test } from "vitest";
import { SharedEndedSessions } from "#portal/shared-ended-sessions.ts";
import { RedisLink } from "#redis/link.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { describeWith } from "../support/needs.ts";
import { portalFiles } from "../support/portal-files.ts";
import { missingRedis, type RedisServer, startRedis } from "../support/redis-server.ts";

const key = "an-admin-key-of-24-characters";
const own = {
  "content-type": "application/json",
  "x-polygate-portal": "1",
  "sec-fetch-site": "same-origin",
};
const setKey = "polygate:1:{sessions}ended";

describeWith(missingRedis)("a portal of several gateways", () => {
  const scope = new AsyncDisposableStack();
  let server: RedisServer;
  let folder: string;
  beforeAll(async () => {
    server = scope.use(await startRedis());
    folder = scope.use(await portalFiles()).built;
  });
  afterAll(() => scope.disposeAsync());

  /** Commands have more time than a busy machine needs. */
  const start = (secret: string | undefined = "a-secret-of-at-least-thirty-two-characters") =>
    startTestGateway({
      env: { REDIS_URL: server.url, ...(secret !== "" && { SECRET_KEY: secret }) },
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
portal: { folder: ${folder} }
redis: { timeout: 10s }
auth: { keys: [{ name: boss, key: ${key}, scopes: [admin] }] }
`,
    });

  async function logIn({ url }: RunningGateway): Promise<string> {
    const body = JSON.stringify({ key });
    const response = await fetch(`${url}/portal/session`, { method: "POST", headers: own, body });
    return response.headers.get("set-cookie")?.split(";")[0] ?? "";
  }

  const logOut = ({ url }: RunningGateway, cookie: string) =>
    fetch(`${url}/portal/session`, { method: "DELETE", headers: { ...own, cookie } });

  /** What a call with a session gets. */
  const call = ({ url }: RunningGateway, cookie: string, method = "ConfigService/GetConfig") =>
    fetch(`${url}/portal/rpc/polygate.v1.${method}`, {
      method: "POST",
      headers: { ...own, cookie },
      body: "{}",
    });
  const statusOf = async (gateway: RunningGateway, cookie: string) =>
    (await call(gateway, cookie)).status;

  test("a session that was ended on one is refused by the others, and by one that starts later", async () => {
    await using one = await start();
    await using two = await start();
    const cookie = await logIn(one);
    const other = await logIn(one);
    expect([await statusOf(one, cookie), await statusOf(two, cookie)]).toEqual([200, 200]);
    expect((await logOut(one, cookie)).status).toBe(204);
    expect([await statusOf(one, cookie), await statusOf(two, cookie)]).toEqual([401, 401]);
    const who = await fetch(`${two.url}/portal/session`, { headers: { ...own, cookie } });
    expect(await who.json()).toMatchObject({ principal: null, session: null });
    await using later = await start();
    expect([await statusOf(later, cookie), await statusOf(later, other)]).toEqual([401, 200]);
    // It is forgotten when it would have ended by itself, and holds no credential.
    expect(server.cli("zcard", setKey)).toBe("1");
    expect(Number(server.cli("pttl", setKey))).toBeLessThanOrEqual(12 * 60 * 60 * 1000);
    expect(server.cli("zrange", setKey, "0", "-1")).toMatch(/^[\w-]{43}$/);
  });

  test("while Redis is away sessions go on, and an end is told when it is back", async () => {
    await using one = await start();
    await using two = await start();
    const cookie = await logIn(one);
    expect(await statusOf(two, cookie)).toBe(200);
    await server.kill();
    expect((await logOut(one, cookie)).status).toBe(204);
    expect([await statusOf(one, cookie), await statusOf(two, cookie)]).toEqual([401, 200]);
    await server.start();
    await expect.poll(() => statusOf(two, cookie), { timeout: 15_000 }).toBe(401);
  });

  test("without a secret that gateways share nothing is told, and nothing is asked", async () => {
    server.cli("flushall");
    await using alone = await start("");
    const cookie = await logIn(alone);
    await logOut(alone, cookie);
    expect(await statusOf(alone, cookie)).toBe(401);
    expect(server.cli("exists", setKey)).toBe("0");
  });

  test("a hundred thousand ended sessions are remembered, and the one that ends first makes room", async () => {
    server.cli("flushall");
    const clock = createManualClock();
    const deps = { clock, onState() {}, onCall() {} };
    const { port } = server;
    const nodes = [{ host: "127.0.0.1", port }];
    const settings = { nodes, isCluster: false, database: 0, commandMs: 10_000 };
    await using link = new RedisLink(settings, deps);
    await link.open();
    await using ended = new SharedEndedSessions({ clock, openLink: async () => link });
    const fill = `local now = redis.call('TIME')[1] * 1000
      for n = 1, 100000 do redis.call('ZADD', KEYS[1], now + 1000000 + n, 'session-' .. n) end`;
    server.cli("eval", fill, "1", setKey);
    await ended.end({ id: "new", untilWallMs: clock.wallMs() + 10_000_000 });
    expect([
      await ended.has("new"),
      await ended.has("session-1"),
      await ended.has("session-2"),
    ]).toEqual([true, false, true]);
    expect(server.cli("zcard", setKey)).toBe("100000");
  });
});
