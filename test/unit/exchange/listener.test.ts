import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, test } from "vitest";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { clientTls, serverTls } from "../../support/tls.ts";

const loopback = { name: "test", host: "127.0.0.1", port: 0 } as const;

/** Whatever engines speak, they keep the same promises. */
describe.each(["polygate", "node"] as const)("HTTP by the engines of %s", (engine) => {
  function open(
    serve: (exchange: Exchange) => void | Promise<void>,
    options: Partial<ListenerOptions> = {},
    onFailure: (reason: string) => void = () => {},
  ): Promise<Listener> {
    return listen(
      { ...loopback, http1Engine: engine, http2Engine: engine, ...options },
      {
        exchange: (exchange) => void serve(exchange),
        malformed: (message) => ({ requestId: "req_1", body: message }),
        connectionFailed: onFailure,
      },
    );
  }

  const echo = async (exchange: Exchange) => {
    const body = await exchange.body(1024);
    const facts = [exchange.httpVersion, exchange.method, exchange.target, body.length].join(" ");
    exchange.respond(200, [["content-type", "text/plain"]], facts);
  };

  /** One request on an HTTP/2 session. */
  async function http2Get(
    session: ClientHttp2Session,
    headers: Record<string, string>,
    body = "",
  ): Promise<{ status: number; text: string }> {
    const stream = session.request(headers);
    if (body !== "") stream.end(body);
    let status = 0;
    stream.on("response", (head) => {
      status = Number(head[":status"]);
    });
    let text = "";
    for await (const chunk of stream) text += chunk;
    return { status, text };
  }

  /** All that a raw socket receives after sending `pieces`, each in a packet of its own. */
  async function raw(port: number, pieces: readonly (string | Uint8Array)[]): Promise<string> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    for (const piece of pieces) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let text = "";
    for await (const chunk of socket) text += chunk.toString("latin1");
    return text;
  }

  /** A client that connects and says nothing. */
  async function quiet(port: number): Promise<Socket> {
    const socket = connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    return socket.resume();
  }

  /** Whether a connection can be made; it is closed at once. */
  async function canConnect(port: number): Promise<boolean> {
    const socket = connect({ host: "127.0.0.1", port });
    const isMade = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isMade;
  }

  describe("one cleartext port", () => {
    test("HTTP/1.1 is served", async () => {
      await using listener = await open(echo);
      const answer = await fetch(`http://127.0.0.1:${listener.port}/a?b=%2F`, {
        method: "POST",
        body: "hello",
      });
      expect(await answer.text()).toBe("1.1 POST /a?b=%2F 5");
    });

    test("HTTP/2 with prior knowledge is served", async () => {
      await using listener = await open(echo);
      const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
      const answer = await http2Get(session, { ":method": "POST", ":path": "/x" }, "abc");
      session.close();
      expect(answer).toEqual({ status: 200, text: "2 POST /x 3" });
    });

    test("an HTTP/1.1 request that comes byte by byte is served", async () => {
      await using listener = await open(echo);
      const request = "GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
      expect(await raw(listener.port, [...request])).toContain("1.1 GET /slow 0");
    });

    test("an HTTP/2 preface that comes byte by byte gets the server's SETTINGS", async () => {
      await using listener = await open(echo);
      const socket = connect({ host: "127.0.0.1", port: listener.port, noDelay: true });
      const preface = Buffer.concat([
        Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
      ]);
      for (const byte of preface) {
        socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const [first] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      expect(first[3]).toBe(4);
    });

    test("bytes that are no request get a JSON body and the connection closes", async () => {
      await using listener = await open(echo);
      const answer = await raw(listener.port, ["BLAH\r\n\r\n"]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(answer).toContain("\r\nx-request-id: req_1\r\n");
      expect(answer.endsWith("\r\n\r\nthe bytes sent are not an HTTP request")).toBe(true);
    });

    test("a request head over the limit gets 431", async () => {
      await using listener = await open(echo);
      const answer = await raw(listener.port, [
        `GET / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
      ]);
      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    });

    test("a target in absolute form is served, and its authority counts", async () => {
      await using listener = await open((exchange) => {
        exchange.respond(200, [], `${exchange.authority} ${exchange.target}`);
      });
      const answer = await raw(listener.port, [
        "GET http://example.com/a?b HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n",
      ]);
      expect(answer.endsWith("\r\n\r\nexample.com /a?b")).toBe(true);
    });

    const refused = [
      { name: "no host", head: "GET / HTTP/1.1", status: "400 Bad Request", text: "host: " },
      {
        name: "an expectation that nobody knows",
        head: "GET / HTTP/1.1\r\nhost: a\r\nexpect: foo",
        status: "417 Expectation Failed",
        text: "expect: ",
      },
    ];
    test.each(refused)("$name gets an answer with a request id", async ({ head, status, text }) => {
      const failures: string[] = [];
      await using listener = await open(echo, {}, (reason) => failures.push(reason));
      const answer = await raw(listener.port, [`${head}\r\n\r\n`]);
      expect(answer.startsWith(`HTTP/1.1 ${status}\r\n`)).toBe(true);
      expect(answer).toContain("\r\nx-request-id: req_1\r\n");
      expect(answer).toContain(`\r\n\r\n${text}`);
      expect(failures).toEqual(["http1_malformed"]);
    });

    test("HTTP/1.0 needs no host", async () => {
      await using listener = await open(echo);
      expect(await raw(listener.port, ["GET /old HTTP/1.0\r\n\r\n"])).toContain("1.1 GET /old 0");
    });

    test("100-continue is said when the body is wanted, and not before a refusal", async () => {
      await using listener = await open(async (exchange) => {
        const answer = (text: string) => exchange.respond(200, [["connection", "close"]], text);
        await exchange.body(10).then(
          ({ length }) => answer(`read ${length}`),
          () => answer("refused"),
        );
      });
      const send = async (length: number) => {
        const socket = await quiet(listener.port);
        const fields = `host: a\r\nexpect: 100-continue\r\ncontent-length: ${length}`;
        socket.write(`POST / HTTP/1.1\r\n${fields}\r\n\r\n`);
        let text = "";
        for await (const chunk of socket) {
          text += chunk;
          if (text === "HTTP/1.1 100 Continue\r\n\r\n") socket.write("x".repeat(length));
          if (/(read \d+|refused)$/.test(text)) return text;
        }
        return text;
      };
      expect(await send(10)).toMatch(
        /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK[\s\S]*read 10$/,
      );
      expect(await send(11)).toMatch(/^HTTP\/1.1 200 OK[\s\S]*refused$/);
    });

    test("a request head that does not end gets 408, a preface that does not end nothing", async () => {
      await using listener = await open(echo, { handshakeTimeoutMs: 50 });
      const late = raw(listener.port, ["GET / HTTP/1.1\r\nhost: a\r\n"]);
      const preface = raw(listener.port, ["PRI * HT"]);
      const silent = raw(listener.port, []);
      expect(await late).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect([await preface, await silent]).toEqual(["", ""]);
    });

    test("broken rules and late heads are counted, a client that leaves is not", async () => {
      const failures: string[] = [];
      await using listener = await open(echo, { handshakeTimeoutMs: 50 }, (reason) =>
        failures.push(reason),
      );
      const leaving = await quiet(listener.port);
      leaving.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await once(leaving, "data");
      leaving.resetAndDestroy();
      await raw(listener.port, ["BLAH\r\n\r\n"]);
      await raw(listener.port, ["GET / HTTP/1.1\r\nhost: a\r\n"]);
      expect(failures).toEqual(["http1_malformed", "http1_head_timeout"]);
    });

    test("connections beyond the limit are closed and counted; a free place is taken again", async () => {
      const failures: string[] = [];
      await using listener = await open(echo, { connectionsMax: 1 }, (reason) =>
        failures.push(reason),
      );
      const first = await quiet(listener.port);
      expect(await raw(listener.port, [])).toBe("");
      expect(failures).toEqual(["too_many_connections"]);
      first.end();
      await once(first, "close");
      const answer = await fetch(`http://127.0.0.1:${listener.port}/again`);
      expect(await answer.text()).toBe("1.1 GET /again 0");
    });
  });

  describe("one TLS port", () => {
    const tls = { ...serverTls, clientAuth: "none" } as const;

    test("ALPN h2 is served", async () => {
      await using listener = await open(echo, { tls });
      const session = connectHttp2(`https://localhost:${listener.port}`, clientTls);
      const answer = await http2Get(session, { ":path": "/tls" });
      session.close();
      expect(answer.text).toBe("2 GET /tls 0");
    });

    test("HTTP/1.1 over TLS is served and seen as encrypted", async () => {
      let encrypted = false;
      await using listener = await open(
        (exchange) => {
          encrypted = exchange.peer.encrypted;
          exchange.respond(200, [], "ok");
        },
        { tls },
      );
      const request = httpsRequest({ host: "localhost", port: listener.port, ca: clientTls.ca });
      request.end();
      const [response] = await once(request, "response");
      expect(response.statusCode).toBe(200);
      response.resume();
      await once(response, "end");
      expect(encrypted).toBe(true);
    });

    test("a request whose body comes in a TLS record of its own is read behind an answer that waits", async () => {
      const large = "x".repeat(16 << 20);
      const failures: string[] = [];
      await using listener = await open(
        async (exchange) => {
          const body = await exchange.body(1024);
          exchange.respond(200, [["content-type", "text/plain"]], body.length > 0 ? "last" : large);
        },
        { tls },
        (reason) => failures.push(reason),
      );
      const { ca } = clientTls;
      const socket = connectTls({ host: "localhost", port: listener.port, ca });
      await once(socket, "secureConnect");
      socket.write("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await once(socket, "readable");
      // Several records in one packet.
      socket.setMaxSendFragment(512);
      const head = "POST /last HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n";
      socket.write(head + "y".repeat(1000));
      let tail = "";
      for await (const chunk of socket) {
        tail = (tail + chunk.toString("latin1")).slice(-400);
        if (tail.endsWith("last")) socket.end();
      }
      expect(tail).toContain("HTTP/1.1 200 OK\r\n");
      expect(tail.endsWith("last")).toBe(true);
      expect(failures).toEqual([]);
    });

    test("clientAuth require turns callers without a certificate away", async () => {
      await using listener = await open(echo, { tls: { ...tls, clientAuth: "require" } });
      const { ca } = clientTls;
      const refused = httpsRequest({ host: "localhost", port: listener.port, ca, agent: false });
      refused.end();
      const [error] = await once(refused, "error");
      expect(error).toBeInstanceOf(Error);
      const known = httpsRequest({ host: "localhost", port: listener.port, ...clientTls });
      known.end();
      const [response] = await once(known, "response");
      response.resume();
      await once(response, "end");
      expect(response.statusCode).toBe(200);
    });
  });

  describe("a TLS handshake that fails is counted", () => {
    const required = { ...serverTls, clientAuth: "require" } as const;
    const rows = [
      {
        name: "without the certificate that is asked for",
        tls: required,
        client: { ca: clientTls.ca },
        failure: "tls_client_certificate",
      },
      {
        name: "with a certificate of another authority",
        tls: { ...required, caFile: serverTls.certFile },
        client: clientTls,
        failure: "tls_client_certificate",
      },
      {
        name: "with a version that is too old",
        tls: { ...serverTls, clientAuth: "none" },
        client: { ca: clientTls.ca, maxVersion: "TLSv1.1", minVersion: "TLSv1.1" },
        failure: "tls_handshake",
      },
    ] as const;
    test.each(rows)("$name", async ({ tls, client, failure }) => {
      const first = Promise.withResolvers<string>();
      await using listener = await open(echo, { tls }, first.resolve);
      // A client that only leaves does not count.
      (await quiet(listener.port)).resetAndDestroy();
      const socket = connectTls({ host: "localhost", port: listener.port, ...client });
      socket.on("error", () => {});
      expect(await first.promise).toBe(failure);
      socket.destroy();
    });
  });

  test.each([
    { name: "stops", pauseMs: 0 },
    { name: "dribbles", pauseMs: 10 },
  ])("a TLS handshake that $name is given up in its time and counted", async ({ pauseMs }) => {
    const failed = Promise.withResolvers<string>();
    await using listener = await open(
      echo,
      { tls: { ...serverTls, clientAuth: "none" }, handshakeTimeoutMs: 100 },
      failed.resolve,
    );
    const socket = await quiet(listener.port);
    socket.on("error", () => {});
    // The beginning of a ClientHello.
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]));
    const dribble = setInterval(() => pauseMs > 0 && socket.write(Buffer.alloc(1)), 10);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(dribble);
    expect(await failed.promise).toBe("tls_handshake_timeout");
  });

  describe("an exchange", () => {
    test("a body over the limit fails with BODY_TOO_LARGE and the client gets its answer", async () => {
      await using listener = await open(async (exchange) => {
        await exchange.body(10).catch((error: Error) => exchange.respond(413, [], error.message));
      });
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`, {
        method: "POST",
        body: "x".repeat(1_000_000),
      });
      expect(answer.status).toBe(413);
      expect(await answer.text()).toContain("exceeds 10 bytes");
    });

    test("a body of undeclared length over the limit gets its answer, too", async () => {
      await using listener = await open(async (exchange) => {
        await exchange.body(10).catch((error: Error) => exchange.respond(413, [], error.message));
      });
      async function* pieces() {
        for (let index = 0; index < 64; index += 1) yield new Uint8Array(16_384);
      }
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`, {
        method: "POST",
        body: ReadableStream.from(pieces()),
        duplex: "half",
      });
      expect([answer.status, await answer.text()]).toEqual([
        413,
        expect.stringContaining("exceeds 10 bytes"),
      ]);
    });

    test("an answer given before the body was read closes the connection, others keep it", async () => {
      await using listener = await open((exchange) => exchange.respond(200, [], "early"));
      const url = `http://127.0.0.1:${listener.port}/`;
      const unread = await fetch(url, { method: "POST", body: "x".repeat(1_000_000) });
      expect([await unread.text(), unread.headers.get("connection")]).toEqual(["early", "close"]);
      const plain = await fetch(url);
      expect([await plain.text(), plain.headers.get("connection")]).toEqual([
        "early",
        "keep-alive",
      ]);
    });

    test("a HEAD request gets the head alone, with the length the body would have", async () => {
      await using listener = await open((exchange) => exchange.respond(200, [], "twelve bytes"));
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`, { method: "HEAD" });
      expect(answer.headers.get("content-length")).toBe("12");
      expect(await answer.text()).toBe("");
    });

    for (const wire of ["1.1", "2"] as const) {
      test(`HTTP/${wire}: the signal aborts when the client leaves, and the end says so`, async () => {
        const left = Promise.withResolvers<boolean>();
        await using listener = await open((exchange) => {
          exchange.start(200, []);
          exchange.onEnd(({ aborted }) => left.resolve(aborted && exchange.signal.aborted));
        });
        if (wire === "2") {
          const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
          const stream = session.request({ ":path": "/" });
          await once(stream, "response");
          stream.close(8);
          expect(await left.promise).toBe(true);
          session.close();
        } else {
          const request = httpRequest({ host: "127.0.0.1", port: listener.port });
          request.end();
          await once(request, "response");
          request.destroy();
          expect(await left.promise).toBe(true);
        }
      });

      test(`HTTP/${wire}: a writer waits for a reader that is slow`, async () => {
        let written = 0;
        const total = 64;
        const chunk = new Uint8Array(256 * 1024);
        const done = Promise.withResolvers<void>();
        await using listener = await open(async (exchange) => {
          exchange.start(200, []);
          for (; written < total; written += 1) await exchange.write(chunk);
          exchange.end();
          done.resolve();
        });
        if (wire === "2") {
          const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
          const stream = session.request({ ":path": "/" });
          await once(stream, "response");
          stream.pause();
          expect(written).toBeLessThan(total);
          let bytes = 0;
          for await (const piece of stream) bytes += piece.length;
          expect(bytes).toBe(total * chunk.length);
          session.close();
        } else {
          const request = httpRequest({ host: "127.0.0.1", port: listener.port });
          request.end();
          const [response] = await once(request, "response");
          expect(written).toBeLessThan(total);
          let bytes = 0;
          for await (const piece of response) bytes += piece.length;
          expect(bytes).toBe(total * chunk.length);
        }
        await done.promise;
      });
    }
  });

  describe("a connection that has reached its age", () => {
    const old = { connectionAge: { maxMs: 30 } };

    test("of HTTP/1.1: the next response says that it is the last", async () => {
      await using listener = await open(echo, old);
      const socket = await quiet(listener.port);
      let text = "";
      socket.on("data", (piece) => {
        text += piece;
      });
      const closed = once(socket, "close");
      while (!text.includes("connection: close")) {
        const { length } = text;
        socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        await expect
          .poll(() => text.length, { interval: 5, timeout: 15_000 })
          .toBeGreaterThan(length);
      }
      await closed;
      expect(text).not.toMatch(/HTTP\/1\.1 [345]/);
    });

    test("of HTTP/2: is told GOAWAY, and ends after its calls", async () => {
      const release = Promise.withResolvers<void>();
      await using listener = await open(async (exchange) => {
        await release.promise;
        exchange.respond(200, [], "whole");
      }, old);
      const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
      const answer = http2Get(session, { ":path": "/" });
      await once(session, "goaway");
      const closed = once(session, "close");
      release.resolve();
      expect(await answer).toEqual({ status: 200, text: "whole" });
      await closed;
    });

    test("is cut off when its calls outlast the grace", async () => {
      const connectionAge = { maxMs: 30, graceMs: 30 };
      await using listener = await open((exchange) => exchange.start(200, []), { connectionAge });
      const url = `http://127.0.0.1:${listener.port}/`;
      await expect((await fetch(url)).text()).rejects.toThrow();
      const session = connectHttp2(url);
      session.on("error", () => {});
      const stream = session.request({ ":path": "/" });
      stream.on("error", () => {});
      await once(session, "close");
    });
  });

  describe("drain", () => {
    test("calls under way end, idle connections close, new ones are refused", async () => {
      const release = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      await using listener = await open(async (exchange) => {
        begun.resolve();
        await release.promise;
        exchange.respond(200, [], "done");
      });
      const url = `http://127.0.0.1:${listener.port}/`;
      const activeCalls = fetch(url);
      const session = connectHttp2(url);
      const overHttp2 = http2Get(session, { ":path": "/" });
      await begun.promise;
      await once(session, "remoteSettings");
      const drained = listener.drain(10_000);
      await expect.poll(() => canConnect(listener.port), { timeout: 15_000 }).toBe(false);
      release.resolve();
      expect(await (await activeCalls).text()).toBe("done");
      expect((await overHttp2).text).toBe("done");
      await drained;
    });

    /** Longer than any test may take: a drain that waits for it fails. */
    const graceMs = 600_000;

    test("a connection that is kept for the next request closes at once", async () => {
      await using listener = await open(echo);
      const socket = await quiet(listener.port);
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await once(socket, "data");
      await Promise.all([listener.drain(graceMs), once(socket, "close")]);
    });

    test("connections that have not told what they speak close at once", async () => {
      await using listener = await open(echo);
      const sockets = [await quiet(listener.port), await quiet(listener.port)];
      sockets[0]?.write("PRI * HT");
      await (await fetch(`http://127.0.0.1:${listener.port}/`)).text();
      await Promise.all([listener.drain(graceMs), ...sockets.map((one) => once(one, "close"))]);
    });

    test("so do those in the middle of a TLS handshake", async () => {
      await using listener = await open(echo, { tls: { ...serverTls, clientAuth: "none" } });
      const socket = await quiet(listener.port);
      const request = httpsRequest({ host: "localhost", port: listener.port, ca: clientTls.ca });
      request.end();
      const [response] = await once(request, "response");
      response.resume();
      await once(response, "end");
      await Promise.all([listener.drain(graceMs), once(socket, "close")]);
    });

    test("a request head that is still arriving has a moment, not the whole grace", async () => {
      await using listener = await open(echo);
      // It does not read either: the refusal waits for nobody.
      const socket = (await quiet(listener.port)).pause();
      socket.write("GET / HTT");
      await (await fetch(`http://127.0.0.1:${listener.port}/`)).text();
      await listener.drain(graceMs);
      socket.destroy();
    });

    describe.each([
      { over: "cleartext", tls: undefined },
      { over: "TLS", tls: { ...serverTls, clientAuth: "none" as const } },
    ])("a connection over $over that was silent when it began", ({ tls }) => {
      const withTls = tls === undefined ? {} : { tls };

      /** A connection that is made, and whose TLS is, if any. */
      async function connected(port: number, alpn: string): Promise<Socket> {
        if (tls === undefined) return await quiet(port);
        const { ca } = clientTls;
        const socket = connectTls({ host: "localhost", port, ca, ALPNProtocols: [alpn] });
        await once(socket, "secureConnect");
        return socket;
      }

      test("has its first request of HTTP/1.1 answered, and is told that it closes", async () => {
        await using listener = await open(echo, withTls);
        const socket = await connected(listener.port, "http/1.1");
        const drained = listener.drain(graceMs);
        socket.write("GET /late HTTP/1.1\r\nhost: a\r\n\r\n");
        let text = "";
        for await (const chunk of socket) text += chunk;
        expect(text).toMatch(/^HTTP\/1\.1 200 /);
        expect(text).toContain("\r\nconnection: close\r\n");
        expect(text.endsWith("1.1 GET /late 0")).toBe(true);
        await drained;
      });

      test("has its first requests over HTTP/2 answered, and gets GOAWAY", async () => {
        await using listener = await open(echo, withTls);
        const socket = await connected(listener.port, "h2");
        const drained = listener.drain(graceMs);
        const session = connectHttp2(`http://localhost:${listener.port}`, {
          createConnection: () => socket,
        });
        const goaway = once(session, "goaway");
        const calls = [1, 2, 3].map((at) => http2Get(session, { ":path": `/late/${at}` }));
        expect((await Promise.all(calls)).map(({ text }) => text)).toEqual([
          "2 GET /late/1 0",
          "2 GET /late/2 0",
          "2 GET /late/3 0",
        ]);
        await Promise.all([goaway, drained]);
      });
    });

    test("no call fails of clients that connect, and call, while it begins", async () => {
      await using listener = await open(echo);
      const url = `http://127.0.0.1:${listener.port}/`;
      const sockets = await Promise.all(
        Array.from({ length: 40 }, async () => {
          const socket = connect({ host: "127.0.0.1", port: listener.port });
          await once(socket, "connect");
          return socket;
        }),
      );
      const drained = listener.drain(graceMs);
      const answers = sockets.map(async (socket, at) => {
        if (at % 2 === 0) {
          socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
          const [first] = await once(socket, "data");
          return String(first).split(" ")[1];
        }
        const session = connectHttp2(url, { createConnection: () => socket });
        return String((await http2Get(session, { ":path": "/" })).status);
      });
      expect(new Set(await Promise.all(answers))).toEqual(new Set(["200"]));
      await drained;
    });

    test("a call that outlasts the grace is cut off", async () => {
      await using listener = await open((exchange) => exchange.start(200, []));
      const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
      await listener.drain(50);
      await expect(answer.text()).rejects.toThrow();
    });
  });
});
