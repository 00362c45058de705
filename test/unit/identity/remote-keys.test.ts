import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { type KeptKeys, type KeysReport, RemoteKeys } from "#identity/remote-keys.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { jwkSet } from "../../support/tokens.ts";

/** An issuer on a real port, and keys of it; responses are what `answer` makes of each request. */
async function issuer(
  answer: (response: ServerResponse, count: number) => void,
  kept: KeptKeys = {},
) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    answer(response, asked.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reports: KeysReport[] = [];
  const clock = createManualClock();
  const keys = new RemoteKeys(
    {
      url: `http://127.0.0.1:${port}/keys?v=1`,
      cooldownMs: 30_000,
      refreshMs: 600_000,
      timeoutMs: 5000,
    },
    { clock, kept, onFetch: (report) => reports.push(report) },
  );
  return {
    ...{ keys, clock, asked, reports },
    async [Symbol.asyncDispose]() {
      await keys[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

const set = (response: ServerResponse, body = jwkSet()) => void response.end(body);
const outcome = async (work: unknown) => {
  try {
    return (await work) === undefined ? "unknown" : "found";
  } catch (thrown) {
    return reasonOf(thrown as never);
  }
};

describe("the set of a URL", () => {
  test("is fetched when a token first needs it, once for all that wait", async () => {
    await using at = await issuer((response) => set(response));
    const works = ["RS256", "ES256", "EdDSA"] as const;
    expect(await Promise.all(works.map((one) => outcome(at.keys.find(one, one))))).toEqual(
      Array(3).fill("found"),
    );
    expect([at.asked, at.reports]).toEqual([["/keys?v=1"], [{ keys: 3 }]]);
    expect(at.keys.find("RS256", "RS256")).not.toBeInstanceOf(Promise);
  });

  test("is asked for again for an unknown key id, at most once in each cooldown, however many come", async () => {
    await using at = await issuer((response) => set(response));
    await at.keys.refresh();
    for (let kid = 0; kid < 2000; kid += 1) {
      expect(await outcome(at.keys.find("RS256", `kid-${kid}`))).toBe("unknown");
    }
    expect(at.asked).toHaveLength(1);
    await at.clock.advance(30_000);
    const many = Array.from({ length: 100 }, (_, kid) => outcome(at.keys.find("RS256", `k${kid}`)));
    expect(new Set(await Promise.all(many))).toEqual(new Set(["unknown"]));
    expect(at.asked).toHaveLength(2);
  });

  test("rotates: a new key is found when a token first names it, and the old one is gone", async () => {
    await using at = await issuer((response, count) =>
      set(response, jwkSet(count === 1 ? ["RS256"] : ["ES256"])),
    );
    expect(await outcome(at.keys.find("RS256", "RS256"))).toBe("found");
    await at.clock.advance(30_000);
    expect(await outcome(at.keys.find("ES256", "ES256"))).toBe("found");
    expect(await outcome(at.keys.find("RS256", "RS256"))).toBe("unknown");
  });

  test("is asked for again when it is old, while the old one goes on", async () => {
    await using at = await issuer((response) => set(response));
    await at.keys.refresh();
    await at.clock.advance(600_000);
    expect(at.keys.find("RS256", "RS256")).not.toBeInstanceOf(Promise);
    await at.keys.refresh();
    expect(at.asked).toHaveLength(2);
  });

  const failures: { name: string; answer: (response: ServerResponse) => void; says: string }[] = [
    {
      name: "a status of failure",
      answer: (response) => void response.writeHead(503).end(jwkSet()),
      says: "status 503",
    },
    {
      name: "a redirection",
      answer: (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
      says: "status 302",
    },
    {
      name: "no set",
      answer: (response) => void response.end("<html>"),
      says: "JSON",
    },
    {
      name: "ten thousand keys",
      answer: (response) =>
        void response.end(JSON.stringify({ keys: Array(10_000).fill({ kty: "RSA" }) })),
      says: "more than 1000 keys",
    },
    {
      name: "more bytes than its bound, without end",
      answer(response) {
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, " ")));
        };
        response.on("drain", more);
        more();
      },
      says: "larger than 1048576 bytes",
    },
    {
      name: "a connection that breaks",
      answer: (response) => void response.destroy(),
      says: "HTTP call failed",
    },
  ];
  test.each(failures)("$name leaves the last good one in place", async ({ answer, says }) => {
    await using at = await issuer((response, count) => {
      if (count === 1) set(response);
      else answer(response);
    });
    await at.keys.refresh();
    await at.clock.advance(600_000);
    await at.keys.refresh();
    expect(String(Object.values(at.reports[1] ?? {})[0])).toContain(says);
    expect(at.keys.find("ES256", "ES256")).toBeDefined();
  });

  test("is handed on to whoever takes over, for the same URL alone", async () => {
    const kept: KeptKeys = {};
    await using at = await issuer((response) => set(response), kept);
    await at.keys.refresh();
    const next = (url: string) =>
      new RemoteKeys(
        { url, cooldownMs: 1, refreshMs: 1000, timeoutMs: 1000 },
        { clock: at.clock, kept, onFetch: () => {} },
      );
    await using same = next(kept.last?.url ?? "");
    await using other = next("http://127.0.0.1:1/");
    expect([same.isKnown, other.isKnown]).toEqual([true, false]);
    expect(same.find("RS256", "RS256")).not.toBeInstanceOf(Promise);
  });

  test("that never came is no reason to call a token wrong", async () => {
    await using at = await issuer((response) => void response.writeHead(500).end());
    expect(await outcome(at.keys.find("RS256", "RS256"))).toBe("IDENTITY_UNAVAILABLE");
    expect(await outcome(at.keys.find("RS256", "RS256"))).toBe("IDENTITY_UNAVAILABLE");
    expect(at.asked).toHaveLength(1);
  });

  test("that is not sent in time is given up", async () => {
    const arrived = Promise.withResolvers<void>();
    await using at = await issuer(() => arrived.resolve());
    const work = outcome(at.keys.find("RS256", "RS256"));
    await arrived.promise;
    await at.clock.advance(5000);
    expect(await work).toBe("IDENTITY_UNAVAILABLE");
  });

  test("closing cuts off a request in progress, and reports nothing", async () => {
    const arrived = Promise.withResolvers<void>();
    const at = await issuer(() => arrived.resolve());
    const work = outcome(at.keys.find("RS256", "RS256"));
    await arrived.promise;
    await at[Symbol.asyncDispose]();
    expect([await work, at.reports]).toEqual(["IDENTITY_UNAVAILABLE", []]);
  });
});
