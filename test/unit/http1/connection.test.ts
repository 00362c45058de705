import { describe, expect, test } from "vitest";
import { ConnectionBrokenError } from "#http1/connection-broken.ts";
import { defaultLimits } from "#http1/limits.ts";
import type { ServerExchange } from "#http1/server-exchange.ts";
import { Http1Harness } from "../../support/http1-harness.ts";

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;
const post = (body: string) =>
  `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const inChunks = (coding: string) =>
  `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${coding}`;

/** Status codes in what came out. */
const statuses = ({ output }: Http1Harness) =>
  [...output.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code));

/** A connection whose exchanges are answered by the test. */
function held(limits = {}) {
  const exchanges: ServerExchange[] = [];
  const harness = new Http1Harness((exchange) => void exchanges.push(exchange), limits);
  return { harness, exchanges };
}

describe("requests", () => {
  test("on one connection are answered one after the other", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/1") + get("/2"));
    expect(exchanges.map(({ path }) => path)).toEqual(["/1"]);
    exchanges[0]?.respond(200, [], "one");
    await harness.settle();
    expect(exchanges.map(({ path }) => path)).toEqual(["/1", "/2"]);
  });

  test("that come in one read are all served, more than one turn takes", async () => {
    const harness = new Http1Harness();
    await harness.receive(get("/").repeat(500));
    expect(harness.requests.length).toBe(500);
    expect(harness.ends.every(({ status, aborted }) => status === 200 && !aborted)).toBe(true);
  });

  test("are the same however they are cut", async () => {
    const bytes = Buffer.from(
      `\r\n${post("abc")}${inChunks("3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: 1\r\n\r\n")}${get("/last")}`,
    );
    const whole = new Http1Harness();
    await whole.receive(bytes);
    expect(whole.requests.map(({ body }) => body)).toEqual(["abc", "abcde", ""]);
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const harness = new Http1Harness();
      await harness.receive(bytes.subarray(0, cut));
      await harness.receive(bytes.subarray(cut));
      expect(harness.requests, `cut at ${cut}`).toEqual(whole.requests);
      expect(harness.output).toBe(whole.output);
    }
  });

  test("have their whole bodies in large reads, which are freed when nobody has a view of them", async () => {
    const text = (size: number, seed: string) =>
      seed.repeat(Math.ceil(size / seed.length)).slice(0, size);
    const bodies = [text(200_001, "abcdefg"), text(50_000, "0123456"), text(70_007, "xyz")];
    const chunked = (body: string) =>
      inChunks(
        `${(1000).toString(16)}\r\n${body.slice(0, 1000)}\r\n${(body.length - 1000).toString(16)}\r\n${body.slice(1000)}\r\n0\r\n\r\n`,
      );
    const sent = Buffer.from(
      post(bodies[0] ?? "") + chunked(bodies[1] ?? "") + post(bodies[2] ?? ""),
    );
    for (const size of [16_384, 20_000, 65_536]) {
      const harness = new Http1Harness();
      let freed = 0;
      for (let at = 0; at < sent.length; at += size) {
        const read = Buffer.allocUnsafeSlow(Math.min(size, sent.length - at));
        sent.copy(read, 0, at);
        harness.connection.receive(read, 0);
        await harness.settle();
        if (read.length === 0) freed += 1;
      }
      expect(harness.requests.map(({ body }) => body)).toEqual(bodies);
      expect(freed).toBeGreaterThan(0);
    }
  });

  test("find a body that came with its head without waiting", async () => {
    let body: string | undefined;
    const harness = new Http1Harness((exchange) => {
      body = exchange.takeBody()?.toString();
      exchange.respond(204, []);
    });
    await harness.receive(post("abc"));
    expect(body).toBe("abc");
  });
});

describe("what is no sound request is answered once, and nothing behind it is read", () => {
  const rows = [
    {
      name: "CL.TE",
      text: `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG${get("/")}`,
      status: 400,
    },
    {
      name: "TE.CL",
      text: `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n12\r\nGET /x HTTP/1.1\r\n\r\n0\r\n\r\n`,
      status: 400,
    },
    { name: "a bad chunk", text: inChunks(`3\r\nabcd\r\n0\r\n\r\n${get("/")}`), status: 400 },
    {
      name: "a length in the trailers",
      text: inChunks(`0\r\ncontent-length: 3\r\n\r\n${get("/")}`),
      status: 400,
    },
    {
      name: "a host in the trailers",
      text: inChunks(`0\r\nHost: b\r\n\r\n${get("/")}`),
      status: 400,
    },
    { name: "a bad trailer", text: inChunks(`0\r\nt : 1\r\n\r\n${get("/")}`), status: 400 },
    {
      name: "trailers without an end",
      text: inChunks(`0\r\n${"t: 1\r\n".repeat(3000)}`),
      status: 431,
    },
    { name: "extensions without an end", text: inChunks(`1;${"a".repeat(17_000)}`), status: 413 },
    { name: "no host", text: `GET / HTTP/1.1\r\n\r\n${get("/")}`, status: 400 },
    {
      name: "an odd expectation",
      text: `GET / HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n${get("/")}`,
      status: 417,
    },
  ];
  test.each(rows)("$name", async ({ text, status }) => {
    const harness = new Http1Harness();
    await harness.receive(text);
    expect(statuses(harness)).toEqual([status]);
    expect(harness.requests).toEqual([]);
    expect(harness.connection.isFinished).toBe(true);
    expect(harness.output).toContain("\r\nconnection: close\r\n");
  });

  test("a body of no bytes leaves what follows to the next request", async () => {
    const harness = new Http1Harness();
    await harness.receive(`GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n${get("/next")}`);
    expect(harness.requests.map(({ path }) => path)).toEqual(["/", "/next"]);
  });

  test("a GET may have a body, which is no request", async () => {
    const harness = new Http1Harness();
    const smuggled = get("/smuggled");
    await harness.receive(
      `GET / HTTP/1.1\r\nhost: a\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`,
    );
    expect(harness.requests.map(({ path, body }) => [path, body])).toEqual([["/", smuggled]]);
  });

  test("a body that breaks off after the handler began fails its reader, then gets 400", async () => {
    const harness = new Http1Harness();
    await harness.receive(inChunks("3\r\nab"));
    await harness.receive("cd");
    expect(statuses(harness)).toEqual([400]);
    expect(harness.ends).toEqual([{ status: 499, bodyBytes: 0, aborted: true }]);
  });

  test("an answer under way is broken off instead", async () => {
    const { harness, exchanges } = held();
    await harness.receive(inChunks("3\r\nab"));
    exchanges[0]?.start(200, []);
    await harness.receive("cd");
    expect([statuses(harness), harness.connection.isBroken]).toEqual([[200], true]);
  });

  test("HEAD is refused without a body", async () => {
    const harness = new Http1Harness();
    await harness.receive("HEAD / HTTP/1.1\r\n\r\n");
    expect(harness.output).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\n\r\n$/);
  });
});

describe("input that is not wanted yet", () => {
  test("stops the sender: behind an answer that waits", async () => {
    const { harness } = held();
    await harness.receive(get("/1"));
    expect(harness.connection.wantsInput).toBe(true);
    await harness.receive("x".repeat(defaultLimits.unreadBytesMax + 1));
    expect(harness.connection.wantsInput).toBe(false);
  });

  test("stops the sender: a body that nobody reads, until somebody does", async () => {
    const { harness, exchanges } = held();
    const half = "x".repeat(40_000);
    await harness.receive(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 80000\r\n\r\n${half}`);
    expect(harness.connection.wantsInput).toBe(true);
    await harness.receive(half);
    expect(harness.connection.wantsInput).toBe(false);
    const pieces = exchanges[0]?.chunks(100_000);
    expect((await pieces?.next())?.value?.length).toBe(40_000);
    expect(harness.connection.wantsInput).toBe(true);
  });

  test("is not read ahead while the process holds as much as it may", async () => {
    const { harness: idle } = held();
    const { harness: pipelining } = held();
    const { harness: unread } = held();
    const { harness: whole, exchanges } = held();
    await pipelining.receive(get("/1") + get("/2"));
    for (const harness of [unread, whole]) await harness.receive(post("abc").slice(0, -1));
    void exchanges[0]?.body(10);
    const all = [idle, pipelining, unread, whole];
    const wanted = () => all.map(({ connection }) => connection.wantsInput);
    expect(wanted()).toEqual([true, true, true, true]);
    for (const { buffers } of all) buffers.add(buffers.bytesMax + 1);
    // Of a body that all of is waited for there is no end without its rest.
    expect(wanted()).toEqual([true, false, false, true]);
    for (const { buffers } of all) buffers.release(buffers.bytesMax);
    expect(wanted()).toEqual([true, true, true, true]);
  });

  test("can be forgotten, and nothing that comes after it is taken for a request", async () => {
    const { harness, exchanges } = held();
    await harness.receive(`${get("/1")}${post(get("/smuggled")).slice(0, -30)}`);
    harness.connection.forgetPipelined();
    expect(harness.connection.heldBytes).toBe(0);
    await harness.receive(get("/smuggled").slice(-30) + get("/3"));
    expect(harness.connection.heldBytes).toBe(0);
    exchanges[0]?.respond(200, [], "one");
    await harness.settle();
    expect([exchanges.length, statuses(harness), harness.connection.isFinished]).toEqual([
      1,
      [200],
      true,
    ]);
    expect(harness.output).toContain("\r\nconnection: close\r\n");
  });

  test("is forgotten also after a head that said otherwise", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/1") + get("/2"));
    exchanges[0]?.start(200, []);
    harness.connection.forgetPipelined();
    exchanges[0]?.end();
    await harness.settle();
    expect([exchanges.length, harness.connection.isFinished]).toEqual([1, true]);
  });

  test("is told by its bytes, from the first to the last", async () => {
    const { harness, exchanges } = held();
    const { connection } = harness;
    const head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n";
    await harness.receive(`${head}abc`);
    expect(connection.heldBytes).toBe(3);
    const whole = exchanges[0]?.body(10);
    expect(connection.heldBytes).toBe(3);
    await harness.receive(`def${get("/next")}`);
    await whole;
    // The rest of the read, and the body, which its handler has until it responds.
    expect(connection.heldBytes).toBe(get("/next").length + 3 + 6);
    exchanges[0]?.respond(200, [], "ok");
    await harness.settle();
    expect(connection.heldBytes).toBe(0);
  });

  test("waits while output does", () => {
    const { harness, exchanges } = held({ unsentBytesMax: 10 });
    harness.connection.receive(Buffer.from(get("/1") + get("/2")), 0);
    exchanges[0]?.respond(200, [], "more than ten bytes");
    harness.connection.readOn(0);
    expect([exchanges.length, harness.connection.hasInput]).toEqual([1, false]);
    harness.connection.takeOutput(1 << 20);
    harness.connection.readOn(0);
    expect(exchanges.length).toBe(2);
  });
});

describe("time", () => {
  const limits = defaultLimits;

  test("a first head that does not end gets 408, and the client a moment to read it", async () => {
    const harness = new Http1Harness();
    await harness.pass(limits.headTimeoutMs - 1);
    await harness.receive("GET / HT");
    expect(harness.output).toBe("");
    await harness.pass(1);
    expect([statuses(harness), harness.refusals[0]?.reason]).toEqual([[408], "http1_head_timeout"]);
    await harness.pass(limits.lingerMs - 1);
    expect(harness.connection.isBroken).toBe(false);
    await harness.pass(1);
    expect(harness.connection.isBroken).toBe(true);
  });

  test("a later head has its time from its first byte", async () => {
    const harness = new Http1Harness();
    await harness.receive(get("/"));
    await harness.pass(limits.headTimeoutMs * 2);
    await harness.receive("GET / HT");
    await harness.pass(limits.headTimeoutMs - 1);
    expect(statuses(harness)).toEqual([200]);
    await harness.pass(1);
    expect(statuses(harness)).toEqual([200, 408]);
  });

  test("a body that does not end gets 408, and its reader an error", async () => {
    const harness = new Http1Harness();
    await harness.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\n");
    for (let leftMs = limits.requestTimeoutMs - 1; leftMs > 0; leftMs -= 1_000) {
      await harness.receive("x".repeat(limits.bodyPace.bytesPerSecondMin));
      await harness.pass(Math.min(1_000, leftMs));
    }
    expect(harness.output).toBe("");
    await harness.pass(1);
    expect([statuses(harness), harness.refusals[0]?.reason]).toEqual([[408], "http1_body_timeout"]);
    expect(harness.ends.map(({ aborted }) => aborted)).toEqual([true]);
  });

  describe("a body that all of is waited for", () => {
    const { bytesPerSecondMin, slackMs } = limits.bodyPace;
    const slackBytes = (bytesPerSecondMin * slackMs) / 1000;
    const begin = async (harness: Http1Harness, bytes: number) => {
      await harness.receive("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10000000\r\n\r\n");
      await harness.pass(0);
      await harness.receive("x".repeat(bytes));
    };

    test("may fall behind the least pace as far as the slack, and no further", async () => {
      const harness = new Http1Harness();
      await begin(harness, slackBytes);
      await harness.pass(slackMs);
      await harness.receive("x".repeat(slackBytes - bytesPerSecondMin));
      await harness.pass(slackMs);
      await harness.pass(slackMs - 1_001);
      expect(harness.refusals).toEqual([]);
      await harness.pass(1);
      expect(harness.refusals[0]?.reason).toBe("http1_body_timeout");
    });

    test("is not forgiven for what came quickly before", async () => {
      const harness = new Http1Harness();
      await begin(harness, 5_000_000);
      await harness.pass(slackMs);
      for (let second = 1; second <= slackMs / 1000; second += 1) {
        await harness.receive("x");
        await harness.pass(1_000);
        expect(harness.refusals).toEqual([]);
      }
      await harness.pass(1_000);
      expect(statuses(harness)).toEqual([408]);
    });

    test("does not keep its pace with framing", async () => {
      const harness = new Http1Harness();
      await harness.receive(inChunks("1;a\r\nx\r\n"));
      await harness.pass(0);
      await harness.receive(`1;${"a".repeat(8_000)}\r\nx\r\n`);
      await harness.pass(slackMs - 1_000);
      expect(harness.refusals).toEqual([]);
      await harness.pass(2_000);
      expect(statuses(harness)).toEqual([408]);
    });

    test("is not late while nobody has asked for it, nor while pieces of it are read", async () => {
      const { harness: unasked } = held();
      const { harness: inPieces, exchanges } = held();
      for (const harness of [unasked, inPieces]) await begin(harness, 3);
      const pieces = exchanges[0]?.chunks(10_000_000);
      await pieces?.next();
      for (const harness of [unasked, inPieces]) {
        await harness.pass(slackMs * 2);
        expect(harness.refusals).toEqual([]);
      }
    });
  });

  test("a handler may take longer than that", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    await harness.pass(limits.requestTimeoutMs * 2);
    exchanges[0]?.respond(200, []);
    await harness.settle();
    expect(statuses(harness)).toEqual([200]);
  });

  test("a connection without a request is closed without a word", async () => {
    const harness = new Http1Harness();
    await harness.receive(get("/"));
    await harness.pass(limits.keepAliveTimeoutMs - 1);
    expect(harness.connection.isFinished).toBe(false);
    await harness.pass(1);
    expect([harness.connection.isFinished, statuses(harness)]).toEqual([true, [200]]);
  });

  test("a connection's rest begins when its client can have the whole answer", async () => {
    const { harness, exchanges } = held();
    harness.connection.receive(Buffer.from(get("/")), 0);
    exchanges[0]?.respond(200, [], "ok");
    harness.nowMs = limits.keepAliveTimeoutMs - 1;
    await harness.settle();
    await harness.pass(limits.keepAliveTimeoutMs - 1);
    expect(harness.connection.isFinished).toBe(false);
    await harness.pass(1);
    expect(harness.connection.isFinished).toBe(true);
  });

  test("a line end behind a body begins no request that could be late", async () => {
    for (const end of ["\r\n", "\r"]) {
      const harness = new Http1Harness();
      await harness.receive(post("abc") + end);
      await harness.pass(limits.headTimeoutMs + 1);
      await harness.receive(end === "\r" ? `\n${get("/")}` : get("/"));
      expect([statuses(harness), harness.refusals]).toEqual([[200, 200], []]);
    }
  });

  test("a client that goes on sending what was answered already has five seconds from each read", async () => {
    const { harness, exchanges } = held();
    await harness.receive(post("abc").slice(0, -1));
    exchanges[0]?.respond(413, []);
    await harness.settle();
    expect(harness.output).toContain("\r\nconnection: close\r\n");
    expect([harness.connection.isFinished, harness.connection.wantsInput]).toEqual([true, true]);
    for (let reads = 0; reads < 5; reads += 1) {
      await harness.pass(limits.discardTimeoutMs - 1);
      await harness.receive("x".repeat(60_000));
    }
    expect([harness.connection.isBroken, harness.connection.heldBytes]).toEqual([false, 0]);
    await harness.pass(limits.discardTimeoutMs - 1);
    expect(harness.connection.isBroken).toBe(false);
    await harness.pass(1);
    expect(harness.connection.isBroken).toBe(true);
  });

  test("but no more than thirty seconds in all", async () => {
    const { harness, exchanges } = held();
    await harness.receive(post("abc").slice(0, -1));
    exchanges[0]?.respond(413, []);
    await harness.settle();
    for (let second = 1; second < limits.lingerTotalMs / 1000; second += 1) {
      await harness.pass(1_000);
      await harness.receive("x");
    }
    expect(harness.connection.isBroken).toBe(false);
    await harness.pass(1_000);
    expect(harness.connection.isBroken).toBe(true);
  });

  test("a body that is refused half-way leaves as much time", async () => {
    const harness = new Http1Harness();
    await harness.receive(inChunks("3\r\nabcX"));
    expect(statuses(harness)).toEqual([400]);
    await harness.pass(limits.discardTimeoutMs - 1);
    expect(harness.connection.isBroken).toBe(false);
  });
});

describe("drain", () => {
  test("closes what waits for a request after a moment, and what is answered after the response", async () => {
    const [fresh, idle] = [new Http1Harness(), new Http1Harness()];
    const { harness: busy, exchanges } = held();
    await idle.receive(get("/"));
    await busy.receive(get("/"));
    const all = [fresh, idle, busy];
    for (const { connection } of all) connection.drain(0);
    for (const harness of all) await harness.pass(defaultLimits.drainHeadTimeoutMs - 1);
    expect(all.map(({ connection }) => connection.isFinished)).toEqual([false, false, false]);
    for (const harness of all) await harness.pass(1);
    expect(all.map(({ connection }) => connection.isFinished)).toEqual([true, true, false]);
    expect([statuses(fresh), statuses(idle)]).toEqual([[], [200]]);
    exchanges[0]?.respond(200, []);
    await busy.settle();
    expect(busy.output).toContain("\r\nconnection: close\r\n");
    expect(busy.connection.isFinished).toBe(true);
  });

  test.each(["fresh", "idle"])("answers a request that was on its way: %s", async (state) => {
    const harness = new Http1Harness();
    if (state === "idle") await harness.receive(get("/"));
    harness.connection.drain(0);
    await harness.receive(get("/late"));
    expect(harness.requests.at(-1)?.path).toBe("/late");
    expect(harness.output).toMatch(/connection: close\r\n\r\nok$/);
    expect(harness.connection.isFinished).toBe(true);
  });

  test("keeps a connection whose response had begun so for another request, and then closes", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    exchanges[0]?.start(200, []);
    harness.connection.drain(0);
    await harness.pass(defaultLimits.drainHeadTimeoutMs * 5);
    exchanges[0]?.end();
    await harness.settle();
    expect(harness.output).toContain("\r\nconnection: keep-alive\r\n");
    await harness.pass(defaultLimits.drainHeadTimeoutMs - 1);
    expect(harness.connection.isFinished).toBe(false);
    await harness.receive(get("/next"));
    exchanges[1]?.respond(200, []);
    await harness.settle();
    expect(harness.output).toContain("\r\nconnection: close\r\n");
    expect(harness.connection.isFinished).toBe(true);
  });

  test("closes such a connection when no request comes", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    exchanges[0]?.start(200, []);
    harness.connection.drain(0);
    exchanges[0]?.end();
    await harness.settle();
    await harness.pass(defaultLimits.drainHeadTimeoutMs);
    expect(harness.connection.isFinished).toBe(true);
  });

  test.each(["begun before", "begun after"])("gives a head a second: %s", async (when) => {
    const harness = new Http1Harness();
    if (when === "begun before") await harness.receive("GET / HT");
    harness.connection.drain(0);
    if (when === "begun after") await harness.receive("GET / HT");
    await harness.pass(defaultLimits.drainHeadTimeoutMs - 1);
    expect(harness.output).toBe("");
    await harness.pass(1);
    expect(statuses(harness)).toEqual([408]);
  });
});

describe("a client that ends its side", () => {
  const { halfClosedTimeoutMs } = defaultLimits;

  test("still gets its response, which says that the connection closes", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    harness.connection.receiveEnd(0);
    expect([harness.connection.isBroken, harness.ends]).toEqual([false, []]);
    exchanges[0]?.respond(200, [], "ok");
    await harness.settle();
    expect(harness.output).toMatch(/^HTTP\/1\.1 200 .*connection: close\r\n\r\nok$/s);
    expect(harness.ends).toEqual([{ status: 200, bodyBytes: 2, aborted: false }]);
    expect(harness.connection.isFinished).toBe(true);
  });

  test("gets the responses to all that it sent, each in its place", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/1") + post("abc") + inChunks("2\r\nde\r\n0\r\n\r\n"));
    harness.connection.receiveEnd(0);
    for (const index of [0, 1, 2]) {
      const exchange = exchanges[index];
      const body = exchange?.takeBody()?.toString();
      exchange?.respond(200, [], `${index} ${exchange.path} ${body}.`);
      await harness.settle();
    }
    expect(harness.output.match(/\d [/\w]+ \w*\./g)).toEqual(["0 /1 .", "1 / abc.", "2 / de."]);
    expect(harness.output.match(/connection: [\w-]+/g)).toEqual([
      "connection: keep-alive",
      "connection: keep-alive",
      "connection: close",
    ]);
    expect(harness.connection.isFinished).toBe(true);
  });

  test("gets more of them than one turn takes up", async () => {
    const harness = new Http1Harness();
    harness.connection.receive(Buffer.from(get("/").repeat(500)), 0);
    harness.connection.receiveEnd(0);
    await harness.settle();
    expect(harness.requests.length).toBe(500);
    expect([statuses(harness).length, harness.connection.isFinished]).toEqual([500, true]);
  });

  test.each([
    { name: "a head", text: "GET / HTTP/1.1\r\nhos" },
    { name: "a head after a request", text: `${get("/")}GET`, before: [200] },
    { name: "a body", text: post("abc").slice(0, -1) },
    { name: "chunks", text: inChunks("3\r\nab") },
    { name: "trailers", text: inChunks("0\r\nt: 1\r\n") },
  ])("within $name gets 400", async ({ text, before = [] }) => {
    const harness = new Http1Harness();
    await harness.receive(text);
    harness.connection.receiveEnd(0);
    await harness.settle();
    expect(statuses(harness)).toEqual([...before, 400]);
    expect(harness.refusals.map(({ reason }) => reason)).toEqual(["http1_incomplete"]);
    expect(harness.connection.isFinished).toBe(true);
  });

  test("within a body that is read fails its reader", async () => {
    const { harness, exchanges } = held();
    await harness.receive(post("abc").slice(0, -1));
    const reading = exchanges[0]?.body(10);
    harness.connection.receiveEnd(0);
    await expect(reading).rejects.toThrow(ConnectionBrokenError);
    expect(harness.ends.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test.each([
    { name: "that sent nothing", text: "" },
    { name: "after its response", text: get("/") },
    { name: "after a line end that belongs to no request", text: `${post("abc")}\r` },
  ])("$name is let go without a word", async ({ text }) => {
    const harness = new Http1Harness();
    if (text !== "") await harness.receive(text);
    const { length } = harness.output;
    harness.connection.receiveEnd(0);
    await harness.settle();
    expect([harness.output.length, harness.connection.isFinished]).toEqual([length, true]);
  });

  test("leaves what was answered to be sent", async () => {
    const { harness, exchanges } = held();
    harness.connection.receive(Buffer.from(get("/")), 0);
    exchanges[0]?.respond(200, [], "ok");
    harness.connection.receiveEnd(0);
    expect([harness.connection.isFinished, harness.connection.hasOutput]).toEqual([true, true]);
    await harness.settle();
    expect(harness.ends).toEqual([{ status: 200, bodyBytes: 2, aborted: false }]);
  });

  test("is probed at once and 5 ms later, so that one that left is found out, then ever more rarely", async () => {
    const { harness } = held();
    await harness.receive(get("/"));
    harness.connection.receiveEnd(0);
    await harness.settle();
    const probedAtMs = [0];
    for (let sent = harness.output.length; harness.nowMs < 1_000; ) {
      expect(harness.output).toBe("HTTP/1.1 ".slice(0, probedAtMs.length));
      await harness.pass(1);
      if (harness.output.length > sent) probedAtMs.push(harness.nowMs);
      sent = harness.output.length;
    }
    expect(probedAtMs).toEqual([0, 5, 20, 65, 200, 605]);
  });

  test("is told when the next probe is due only while somebody has to look more than twice a second", async () => {
    const { harness } = held();
    await harness.receive(get("/"));
    expect(harness.connection.probeInMs(0)).toBeUndefined();
    harness.connection.receiveEnd(0);
    const due: (number | undefined)[] = [];
    for (const pauseMs of [5, 15, 45, 135]) {
      due.push(harness.connection.probeInMs(harness.nowMs));
      await harness.pass(pauseMs);
    }
    expect(due).toEqual([5, 15, 45, 135]);
    expect(harness.connection.probeInMs(harness.nowMs)).toBeUndefined();
  });

  test.each([
    ["HTTP/1.1", "whole"],
    ["HTTP/1.1", "in pieces"],
    ["HTTP/1.0", "whole"],
    ["HTTP/1.0", "in pieces"],
  ])("gets the same bytes of %s %s, however long it waited", async (version, how) => {
    const outputOf = async (waitedMs: number) => {
      const { harness, exchanges } = held();
      await harness.receive(`GET / ${version}\r\nhost: a\r\n\r\n`);
      harness.connection.receiveEnd(0);
      await harness.settle();
      for (let ms = 0; ms < waitedMs; ms += 100) await harness.pass(100);
      if (how === "whole") {
        exchanges[0]?.respond(200, [], "abc");
      } else {
        exchanges[0]?.start(200, []);
        void exchanges[0]?.write("abc");
        exchanges[0]?.end();
      }
      await harness.settle();
      expect(harness.connection.isFinished).toBe(true);
      return harness.output;
    };
    const atOnce = await outputOf(0);
    expect(atOnce).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    // One octet, some, and all that there are to send ahead.
    for (const waitedMs of [100, 1_000, 299_000]) expect(await outputOf(waitedMs)).toBe(atOnce);
  });

  test("gets at most six zeros ahead of a chunk's size within a body in chunks", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    exchanges[0]?.start(200, []);
    await harness.settle();
    const { length } = harness.output;
    harness.connection.receiveEnd(0);
    await harness.settle();
    expect(harness.output.slice(length)).toBe("0");
    for (let ms = 0; ms < 200_000; ms += 500) await harness.pass(500);
    void exchanges[0]?.write("abc");
    exchanges[0]?.end();
    await harness.settle();
    expect(harness.output.slice(length)).toBe("0000003\r\nabc\r\n0\r\n\r\n");
  });

  test("is not probed within a body with a length, where nothing can be written that means nothing", async () => {
    const { harness, exchanges } = held();
    await harness.receive(get("/"));
    exchanges[0]?.start(200, [["content-length", "3"]]);
    await harness.settle();
    const { length } = harness.output;
    harness.connection.receiveEnd(0);
    for (let ms = 0; ms < 5_000; ms += 100) await harness.pass(100);
    expect(harness.output.length).toBe(length);
  });

  test("waits no longer than its time", async () => {
    const { harness } = held();
    await harness.receive(get("/"));
    harness.connection.receiveEnd(0);
    await harness.pass(halfClosedTimeoutMs - 1);
    expect(harness.connection.isBroken).toBe(false);
    await harness.pass(1);
    expect(harness.connection.isBroken).toBe(true);
  });
});

test("a response can only be written for the request at the head of its connection", async () => {
  const { harness, exchanges } = held();
  await harness.receive(get("/1") + get("/2"));
  const [first] = exchanges;
  first?.respond(200, [], "one");
  await harness.settle();
  const { length } = harness.output;
  // The connection's own contract, which no exchange can get round.
  harness.connection.send(first ?? {}, "HTTP/1.1 200 OK\r\n\r\n");
  harness.connection.answered(first ?? {}, true);
  harness.connection.reset(first ?? {});
  await harness.settle();
  expect([harness.output.length, harness.connection.isBroken]).toEqual([length, false]);
  exchanges[1]?.respond(200, [], "two");
  await harness.settle();
  expect(harness.output).toMatch(/one.*two$/s);
});

test("a connection that was broken off takes no more of any response", async () => {
  const { harness, exchanges } = held();
  await harness.receive(get("/1") + get("/2"));
  exchanges[0]?.reset();
  exchanges[0]?.respond(200, [], "one");
  await harness.settle();
  expect([harness.output, exchanges.length, harness.connection.isBroken]).toEqual(["", 1, true]);
});

test("the end of the socket breaks what was not sent", () => {
  const { harness, exchanges } = held();
  harness.connection.receive(Buffer.from(get("/")), 0);
  exchanges[0]?.respond(200, [], "ok");
  harness.connection.abort();
  expect(harness.ends).toEqual([{ status: 200, bodyBytes: 2, aborted: true }]);
});

test("an upgrade keeps what came behind its head; one with a body is a request like others", async () => {
  const { harness, exchanges } = held();
  const fields = "host: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
  await harness.receive(`GET /ws HTTP/1.1\r\n${fields}\r\nframes`);
  expect([harness.connection.upgraded?.path, exchanges.length]).toEqual(["/ws", 0]);
  expect(harness.connection.takeInput().toString()).toBe("frames");

  const { harness: other, exchanges: served } = held();
  await other.receive(`POST /ws HTTP/1.1\r\n${fields}content-length: 3\r\n\r\nabc`);
  expect([other.connection.upgraded, served.length]).toEqual([undefined, 1]);
});

test("output is taken in slices of any size, in order", () => {
  const { harness, exchanges } = held();
  harness.connection.receive(Buffer.from(get("/")), 0);
  exchanges[0]?.respond(200, [], Buffer.from("0123456789".repeat(2000)));
  const slices: string[] = [];
  while (harness.connection.hasOutput) {
    const taken = harness.connection.takeOutput(777).map((chunk) => chunk.toString("latin1"));
    slices.push(taken.join(""));
  }
  expect(slices.slice(0, -1).every(({ length }) => length === 777)).toBe(true);
  const text = slices.join("");
  expect(text.startsWith("HTTP/1.1 200 OK\r\n")).toBe(true);
  expect(text.endsWith(`\r\n\r\n${"0123456789".repeat(2000)}`)).toBe(true);
});
