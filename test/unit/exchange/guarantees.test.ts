/** What every engine keeps, the project's own and Node's modules, in all four combinations on one port. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from "node:http2";
import { connect } from "node:net";
import { setTimeout as pass } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { missingProgram, testWith } from "../../support/needs.ts";
import { clientTls, serverTls } from "../../support/tls.ts";

const run = promisify(execFile);

const kinds = ["polygate", "node"] as const;
const combinations = kinds.flatMap((http1) => kinds.map((http2) => ({ http1, http2 })));

type Serve = (exchange: Exchange) => void | Promise<void>;

/** Sends `pieces`, each in a packet of its own; a number waits for as many milliseconds, null ends the side. */
async function raw(
  port: number,
  ...pieces: readonly (string | Uint8Array | number | null)[]
): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", (error) => {
    text += `[${"code" in error ? error.code : error.message}]`;
  });
  await once(socket, "connect");
  for (const [index, piece] of pieces.entries()) {
    if (piece === null) socket.end();
    else if (typeof piece === "number") await pass(piece);
    else socket.write(piece);
    if (pieces[index + 1] !== null) await pass(5);
  }
  socket.once("end", () => socket.end());
  if (socket.readableEnded) socket.end();
  await closed;
  return understood(text);
}

/** What a client makes of interim responses, and of zeros ahead of a chunk's size: nothing. */
const understood = (text: string) =>
  text.replaceAll("HTTP/1.1 100 Continue\r\n\r\n", "").replace(/^0+(?=[\da-f]+\r$)/gim, "");

const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code));
const get = (path: string, fields = "") => `GET ${path} HTTP/1.1\r\nhost: a\r\n${fields}\r\n`;
const post = (path: string, length: number, fields = "") =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n${fields}\r\n`;

/** Answers each path in its own way. */
function serving(events: string[]): Serve {
  return async (exchange) => {
    const { target } = exchange;
    events.push(`${target} begun`);
    exchange.onEnd(({ aborted }) => events.push(`${target} ${aborted ? "aborted" : "whole"}`));
    switch (target) {
      case "/early":
        exchange.respond(404, [], "early");
        return;
      case "/slow":
        await pass(300);
        exchange.respond(200, [], "slow");
        return;
      case "/stream":
        exchange.start(200, [["content-type", "text/event-stream"]]);
        for (let index = 0; index < 3; index += 1) {
          await exchange.write(`data: ${index}\n\n`);
          await pass(100);
        }
        exchange.end();
        return;
      case "/cut":
      case "/cut-sized":
        exchange.start(200, target === "/cut" ? [] : [["content-length", "9"]]);
        await exchange.write("one");
        await exchange.write("two");
        await pass(20);
        exchange.reset();
        return;
      case "/silent":
        exchange.start(200, []);
        return;
      case "/waiting":
        return;
      case "/status":
        exchange.respond(200, [["grpc-status", "12"]]);
        return;
      default:
        try {
          const body = await exchange.body(1000);
          exchange.respond(200, [], `${exchange.method} ${target} ${body.length}`);
        } catch (thrown) {
          exchange.respond(413, [], String(thrown));
        }
    }
  };
}

describe.concurrent.each(combinations)("HTTP/1.1 by $http1 and HTTP/2 by $http2", (engines) => {
  async function open(
    events: string[] = [],
    options: Partial<ListenerOptions> = {},
  ): Promise<Listener & { failures: string[] }> {
    const failures: string[] = [];
    const listener = await listen(
      {
        name: "test",
        host: "127.0.0.1",
        port: 0,
        http1Engine: engines.http1,
        http2Engine: engines.http2,
        ...options,
      },
      {
        exchange: serving(events),
        upgrade(upgrade) {
          upgrade.accept([["upgrade", "websocket"]]);
          upgrade.socket.end("frames");
        },
        malformed: (message) => ({ requestId: "req_1", body: message }),
        connectionFailed: (reason) => failures.push(reason),
      },
    );
    return { ...listener, failures };
  }

  /** Waits until `events` has `event`. */
  async function until(events: readonly string[], event: string): Promise<void> {
    while (!events.includes(event)) await pass(20);
  }

  describe.concurrent("HTTP/1.1", () => {
    test("a client that ends its side gets its response, quick or slow, whole or in pieces", async () => {
      await using listener = await open();
      const answers = await Promise.all([
        raw(listener.port, get("/quick"), null),
        raw(listener.port, get("/slow"), null),
        raw(listener.port, get("/slow"), 50, null),
        raw(listener.port, get("/stream"), null),
        raw(listener.port, get("/stream"), 150, null),
        raw(listener.port, post("/body", 3), "ab", 20, "c", null),
      ]);
      expect(answers.map(statuses)).toEqual(Array(6).fill([200]));
      const [quick, slow, later, stream, laterStream, body] = answers;
      expect(quick).toMatch(/GET \/quick 0$/);
      expect(slow).toMatch(/connection: close[\s\S]*slow$/i);
      expect(later).toMatch(/slow$/);
      for (const text of [stream, laterStream]) expect(text).toMatch(/data: 2\n\n\r\n0\r\n\r\n$/);
      expect(body).toMatch(/POST \/body 3$/);
    });

    test("over TLS, too; there one that left is found out as well", async () => {
      const events: string[] = [];
      await using listener = await open(events, { tls: { ...serverTls, clientAuth: "none" } });
      const options = { host: "localhost", port: listener.port, ca: clientTls.ca };
      const socket = connectTls({ ...options, allowHalfOpen: true } as typeof options);
      await once(socket, "secureConnect");
      socket.end(get("/slow"));
      let text = "";
      for await (const piece of socket) text += piece;
      expect(understood(text)).toMatch(/^HTTP\/1\.1 200 [\s\S]*slow$/);
      const leaving = connectTls(options);
      leaving.on("error", () => {});
      await once(leaving, "secureConnect");
      leaving.write(get("/waiting"));
      await until(events, "/waiting begun");
      leaving.destroy();
      await until(events, "/waiting aborted");
    });

    test("and gets the responses to all that it sent, each in its place", async () => {
      await using listener = await open();
      const requests = `${get("/slow") + post("/second", 3)}abc${get("/slow")}${get("/fourth")}`;
      const chunked = "POST /third HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
      const text = await raw(listener.port, requests, `${chunked}1\r\nx\r\n0\r\n\r\n`, null);
      expect(text.match(/slow$|slow(?=HTTP)|(?:GET|POST) \/\w+ \d/gm)).toEqual([
        "slow",
        "POST /second 3",
        "slow",
        "GET /fourth 0",
        "POST /third 1",
      ]);
    });

    test.for([
      { name: "a head", sent: "GET / HTTP/1.1\r\nho", events: [] },
      { name: "a body", sent: `${post("/cut-short", 10)}abc`, events: ["/cut-short aborted"] },
      {
        name: "a chunk",
        sent: "POST /chunk HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        events: ["/chunk aborted"],
      },
    ])("within $name it gets 400, and the call ends", async ({ sent, events: expected }) => {
      const events: string[] = [];
      await using listener = await open(events);
      expect(statuses(await raw(listener.port, sent, 20, null))).toEqual([400]);
      const ends = events.filter((event) => !event.endsWith("begun"));
      expect([ends, listener.failures]).toEqual([expected, ["http1_incomplete"]]);
    });

    test.for([
      { name: "by an end, while its response waits", path: "/waiting", leave: "destroy" },
      { name: "by an end, while its response is silent", path: "/silent", leave: "destroy" },
      { name: "by a reset, while its response waits", path: "/waiting", leave: "resetAndDestroy" },
      {
        name: "by a reset, while its response is silent",
        path: "/silent",
        leave: "resetAndDestroy",
      },
    ] as const)("a client that left is found out: $name", async ({ path, leave }) => {
      const events: string[] = [];
      await using listener = await open(events);
      const socket = connect(listener.port, "127.0.0.1");
      socket.write(get(path));
      if (path === "/silent") await once(socket, "data");
      else await until(events, `${path} begun`);
      socket[leave]();
      await until(events, `${path} aborted`);
    });

    test("a request that is refused does not overtake the responses before it", async () => {
      await using listener = await open();
      const text = await raw(listener.port, `${get("/slow")}BLAH\r\n\r\n`);
      expect([statuses(text), text.indexOf("slow") < text.indexOf("400")]).toEqual([
        [200, 400],
        true,
      ]);
      const cut = await raw(listener.port, `${get("/slow")}GET /x HT`, null);
      expect(statuses(cut)).toEqual([200, 400]);
    });

    test("an upgrade does not overtake the responses before it", async () => {
      await using listener = await open();
      const offer = "connection: Upgrade\r\nupgrade: websocket\r\n";
      const text = await raw(
        listener.port,
        `${get("/slow") + post("/body", 3)}abc${get("/slow")}${get("/ws", offer)}`,
      );
      expect(text.match(/slow|POST \/body 3|HTTP\/1\.1 101|frames/g)).toEqual([
        "slow",
        "POST /body 3",
        "slow",
        "HTTP/1.1 101",
        "frames",
      ]);
    });

    const refused = [
      { name: "a request line without an end", sent: `GET /${"a".repeat(20_000)}`, status: 414 },
      {
        name: "a field without an end",
        sent: `GET / HTTP/1.1\r\na: ${"a".repeat(20_000)}`,
        status: 431,
      },
      { name: "an unknown method", sent: "BREW / HTTP/1.1\r\nhost: a\r\n\r\n", status: 501 },
      {
        name: "a method longer than any",
        sent: "PROPFINDANDMORE / HTTP/1.1\r\nhost: a\r\n\r\n",
        status: 501,
      },
      { name: "another major version", sent: "GET / HTTP/2.0\r\nhost: a\r\n\r\n", status: 505 },
      { name: "a version before 1.0", sent: "GET / HTTP/0.9\r\nhost: a\r\n\r\n", status: 505 },
      {
        name: "a transfer coding of others",
        sent: "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        status: 501,
      },
      { name: "no host", sent: "GET / HTTP/1.1\r\n\r\n", status: 400 },
      { name: "an unknown expectation", sent: get("/", "expect: tea\r\n"), status: 417 },
      { name: "two lengths", sent: `${post("/", 3, "content-length: 3\r\n")}abc`, status: 400 },
      { name: "bytes that are no request", sent: "BLAH\r\n\r\n", status: 400 },
    ];
    test.for(refused)("$name gets $status", async ({ sent, status }) => {
      await using listener = await open();
      const text = await raw(listener.port, sent);
      expect(statuses(text)).toEqual([status]);
      expect(text).toMatch(/\r\nconnection: close\r\n/i);
    });

    test("blanks around a length may be tabs", async () => {
      await using listener = await open();
      const head =
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length:\t 3 \t\r\n\r\n";
      expect(statuses(await raw(listener.port, `${head}abc`))).toEqual([200]);
    });

    test("an offer of h2c is passed over, and a target in absolute form is its path", async () => {
      await using listener = await open();
      const offer =
        "connection: close, Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n";
      const texts = await Promise.all([
        raw(listener.port, get("/offer", offer)),
        raw(listener.port, `${post("/offer", 3, offer)}abc`),
        raw(listener.port, post("/offer", 3, offer), 20, "abc"),
        raw(listener.port, get("http://any:1/absolute", "connection: close\r\n")),
      ]);
      expect(texts.map((text) => text.match(/(?:GET|POST) .*$/)?.[0])).toEqual([
        "GET /offer 0",
        "POST /offer 3",
        "POST /offer 3",
        "GET /absolute 0",
      ]);
    });

    test("a client that goes on sending gets the whole of an early response", async () => {
      await using listener = await open();
      const pieces: (string | number)[] = [post("/early", 100_000_000)];
      // Longer in all than between two reads it may take.
      for (let times = 0; times < 26; times += 1) pieces.push(250, "x".repeat(64 * 1024));
      const text = await raw(listener.port, ...pieces);
      expect(text).toMatch(/^HTTP\/1\.1 404 [\s\S]*connection: close[\s\S]*early$/i);
    });

    test.for(["/cut", "/cut-sized"])(
      "a response that is broken off is not whole: %s",
      async (path) => {
        await using listener = await open();
        const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`);
        await expect(answer.text()).rejects.toThrow();
      },
    );

    test("a body over the limit is refused by its length, uninvited, or when it has come", async () => {
      await using listener = await open();
      const waiting = await raw(listener.port, post("/", 1001, "expect: 100-continue\r\n"));
      expect(statuses(waiting)).toEqual([413]);
      const chunk = `400\r\n${"x".repeat(0x400)}\r\n`;
      const head = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
      expect(statuses(await raw(listener.port, head, chunk.repeat(100)))).toEqual([413]);
    });

    test("100 is said once, when the body is read, and never before a refusal", async () => {
      await using listener = await open();
      const said = async (path: string, length: number) => {
        const socket = connect(listener.port, "127.0.0.1");
        socket.write(post(path, length, "connection: close\r\nexpect: 100-continue\r\n"));
        let text = "";
        for await (const piece of socket) {
          text += piece;
          if (text === "HTTP/1.1 100 Continue\r\n\r\n") socket.write("x".repeat(length));
        }
        return statuses(text);
      };
      expect(await said("/", 10)).toEqual([100, 200]);
      expect(await said("/", 1001)).toEqual([413]);
      expect(await said("/early", 10)).toEqual([404]);
    });

    test("in a drain, a connection whose response said that it is kept takes another request", async () => {
      await using listener = await open();
      const socket = connect(listener.port, "127.0.0.1");
      const drained = Promise.withResolvers<void>();
      socket.write(get("/stream"));
      let text = "";
      for await (const piece of socket) {
        text += piece;
        if (text.endsWith("data: 0\n\n\r\n")) void listener.drain(10_000).then(drained.resolve);
        // Just after the end of the stream, as a client with a pool of connections does.
        if (text.endsWith("0\r\n\r\n")) socket.write(get("/next"));
      }
      expect(statuses(text)).toEqual([200, 200]);
      expect(text.match(/connection: [\w-]+/gi)?.map((field) => field.toLowerCase())).toEqual([
        "connection: keep-alive",
        "connection: close",
      ]);
      await drained.promise;
    });

    test.for(["a request", "no request"])(
      "in a drain, an idle one does so with %s, then closes",
      async (what) => {
        await using listener = await open();
        const socket = connect(listener.port, "127.0.0.1");
        socket.write(get("/first"));
        await once(socket, "data");
        const drained = listener.drain(10_000);
        if (what === "a request") socket.write(get("/late"));
        let text = "";
        for await (const piece of socket) text += piece;
        expect(text.includes("GET /late 0")).toBe(what === "a request");
        await drained;
      },
    );
  });

  describe.concurrent("HTTP/2", () => {
    async function ask(
      session: ClientHttp2Session,
      path: string,
      fields: Record<string, string> = {},
    ): Promise<ClientHttp2Stream> {
      return session.request({ ":method": "POST", ":path": path, ...fields }, { endStream: false });
    }

    /** Everything of a response, up to the end of its stream. */
    async function whole(stream: ClientHttp2Stream) {
      let text = "";
      const facts = { status: 0, fields: {} as Record<string, unknown> };
      stream.on("response", (fields) => {
        Object.assign(facts, { status: fields[":status"], fields });
      });
      stream.on("data", (piece) => {
        text += piece;
      });
      stream.on("error", () => {});
      await new Promise((resolve) => stream.once("close", resolve));
      return { ...facts, text, rstCode: stream.rstCode };
    }

    async function using2<T>(port: number, use: (session: ClientHttp2Session) => Promise<T>) {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      session.on("error", () => {});
      try {
        return await use(session);
      } finally {
        session.destroy();
      }
    }

    test("an early response is whole, and its stream ends with NO_ERROR before long", async () => {
      await using listener = await open();
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/early");
        stream.write("x");
        expect(await whole(stream)).toMatchObject({ status: 404, text: "early", rstCode: 0 });
      });
    });

    test("so does one without a body", async () => {
      await using listener = await open();
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/status");
        stream.write("x");
        expect(await whole(stream)).toMatchObject({ status: 200, text: "", rstCode: 0 });
      });
    });

    testWith(missingProgram("curl"))("curl sees its end, however long the request", async () => {
      await using listener = await open();
      const url = `http://127.0.0.1:${listener.port}/status`;
      const uploads = [1_000, 20_000, 70_000, 300_000, 1_000_000].map(async (length) => {
        const flags = ["-s", "-m", "15", "--http2-prior-knowledge", "-X", "POST", "-T", "-"];
        const uploading = run("curl", [...flags, "-w", "%{http_code}", url]);
        uploading.child.stdin?.on("error", () => {}).end(Buffer.alloc(length));
        return (await uploading).stdout;
      });
      expect(await Promise.all(uploads)).toEqual(uploads.map(() => "200"));
    });

    test("so is one to a body that does not stop", async () => {
      await using listener = await open();
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/body");
        const piece = Buffer.alloc(16_000);
        const send = () => {
          if (!stream.destroyed) stream.write(piece, () => setImmediate(send));
        };
        send();
        expect(await whole(stream)).toMatchObject({ status: 413, rstCode: 0 });
      });
    });

    test.for(["/cut", "/cut-sized"])(
      "a response that is broken off ends with INTERNAL_ERROR: %s",
      async (path) => {
        const events: string[] = [];
        await using listener = await open(events);
        await using2(listener.port, async (session) => {
          const stream = await ask(session, path);
          stream.end();
          expect(await whole(stream)).toMatchObject({ status: 200, rstCode: 2 });
        });
        await until(events, `${path} aborted`);
      },
    );

    test("100 is said once, when the body is read, and never before a refusal", async () => {
      await using listener = await open();
      await using2(listener.port, async (session) => {
        const asked = async (path: string, length: number) => {
          const fields = { expect: "100-continue", "content-length": String(length) };
          const stream = await ask(session, path, fields);
          let invitations = 0;
          stream.on("continue", () => {
            invitations += 1;
            stream.end("x".repeat(length));
          });
          const { status } = await whole(stream);
          return [invitations, status];
        };
        expect(await asked("/", 10)).toEqual([1, 200]);
        expect(await asked("/", 1001)).toEqual([0, 413]);
        expect(await asked("/early", 10)).toEqual([0, 404]);
      });
    });

    test("a response without a body, such as gRPC's errors, has no length among its fields", async () => {
      await using listener = await open();
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/status");
        stream.end();
        const { fields } = await whole(stream);
        expect(fields).toMatchObject({ "grpc-status": "12" });
        expect(fields).not.toHaveProperty("content-length");
      });
    });

    test("a client that ends its side gets its response; one that resets it has left", async () => {
      const events: string[] = [];
      await using listener = await open(events);
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/slow");
        stream.end();
        expect(await whole(stream)).toMatchObject({ status: 200, text: "slow" });
        const left = await ask(session, "/waiting");
        left.end();
        await until(events, "/waiting begun");
        left.close(8);
        await until(events, "/waiting aborted");
      });
    });

    test("in a drain, a call under way ends and its connection closes", async () => {
      const events: string[] = [];
      await using listener = await open(events);
      await using2(listener.port, async (session) => {
        const stream = await ask(session, "/slow");
        stream.end();
        await until(events, "/slow begun");
        const drained = listener.drain(10_000);
        expect(await whole(stream)).toMatchObject({ status: 200, text: "slow" });
        await drained;
      });
    });
  });
});

/** Guarantees that one of Node's modules cannot give, as its setting says. */
describe("where node:http is not as good", () => {
  async function asked(http1Engine: "polygate" | "node", sent: string): Promise<number[]> {
    await using listener = await listen(
      { name: "test", host: "127.0.0.1", port: 0, http1Engine, http2Engine: "polygate" },
      {
        exchange: serving([]),
        malformed: (message) => ({ requestId: "req_1", body: message }),
        connectionFailed: () => {},
      },
    );
    return statuses(await raw(listener.port, sent));
  }

  test("HTTP/1.2 is taken by the own engine alone", async () => {
    const sent = "GET / HTTP/1.2\r\nhost: a\r\nconnection: close\r\n\r\n";
    expect([await asked("polygate", sent), await asked("node", sent)]).toEqual([[200], [505]]);
  });
});
