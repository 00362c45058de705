/** The transcoder as a library, on a plain node:http server. */

import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { transcode } from "#rest/transcode.ts";
import { createGreeterServer } from "../../support/greeter-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

async function listening(server: ReturnType<typeof createServer>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    /** All that comes back for bytes as they are written here. */
    async raw(...pieces: readonly string[]) {
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      for (const piece of pieces) {
        socket.write(piece);
        await setTimeout(20);
      }
      return await text(socket);
    },
    get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

test("a service with rules of its own answers", async () => {
  const greeter = testService(testProtos(), "greeter.Greeter");
  await using server = await listening(createGreeterServer(greeter));
  const answer = await server.get("/greet/Ada%20L.?times=2");
  expect(await answer.json()).toEqual({ text: "Hello Ada L.!Hello Ada L.!" });
});

test("an unknown path is 404 in the REST shape, or goes to the fallback", async () => {
  await using plain = await listening(createServer(transcode(() => {}).request));
  const answer = await plain.get("/nope");
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ error: { code: "ROUTE_UNKNOWN" } });
  const fallback = createServer(
    transcode(() => {}, { fallback: (_request, response) => response.end("mine") }).request,
  );
  await using guarded = await listening(fallback);
  expect(await (await guarded.get("/nope")).text()).toBe("mine");
});

test("a target in absolute form is served as its path", async () => {
  await using server = await listening(
    createGreeterServer(testService(testProtos(), "greeter.Greeter")),
  );
  const answer = await server.raw(
    "GET http://any/greet/Ada?times=2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 .*"Hello Ada!Hello Ada!"/s);
});

describe("an offer of another protocol than WebSocket is a request like others:", () => {
  const offer =
    "host: a\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n";

  test("a call without a body", async () => {
    await using server = await listening(
      createGreeterServer(testService(testProtos(), "greeter.Greeter")),
    );
    const answer = await server.raw(`GET /greet/Ada HTTP/1.1\r\n${offer}\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 .*"Hello Ada!"/s);
    expect(await server.raw(`GET /nope HTTP/1.1\r\n${offer}\r\n`)).toMatch(/^HTTP\/1.1 404 /);
  });

  test.each([
    { name: "a body that comes with its head", cut: 1 << 20 },
    { name: "a body that comes later", cut: 0 },
    { name: "a body that comes in parts", cut: 5000 },
  ])("$name", async ({ cut }) => {
    // A server's own paths are its listeners', and large responses wait for their reader.
    const { upgrade } = transcode(() => {});
    const echo = createServer(async (request, response) => {
      const body = await text(request);
      for (let times = 0; times < 100; times += 1) {
        if (!response.write(body)) await once(response, "drain");
      }
      response.end("end");
    }).on("upgrade", upgrade);
    await using server = await listening(echo);
    const body = "x".repeat(10_000);
    const head = `POST / HTTP/1.1\r\n${offer}content-length: ${body.length}\r\n\r\n`;
    const pieces = [head + body.slice(0, cut), body.slice(cut)].filter((piece) => piece !== "");
    const answer = await server.raw(...pieces);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect([answer.match(/x/g)?.length, answer.includes("end")]).toEqual([1_000_000, true]);
  });

  test("one that is sent ahead waits for the response before it", async () => {
    const { upgrade } = transcode(() => {});
    const slow = createServer(async (request, response) => {
      if (request.url === "/slow") await setTimeout(100);
      response.end(request.url);
    }).on("upgrade", upgrade);
    await using server = await listening(slow);
    const first = "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n";
    const answer = await server.raw(`${first}${first}GET /last HTTP/1.1\r\n${offer}\r\n`);
    expect(answer.match(/\/\w+$|\/\w+(?=HTTP)/gm)).toEqual(["/slow", "/slow", "/last"]);
  });

  test("a client that leaves it is nobody's uncaught error", async () => {
    const begun = Promise.withResolvers<void>();
    const { upgrade } = transcode(() => {});
    const silent = createServer((_request, response) => {
      begun.resolve();
      response.once("close", () => closed.resolve());
    }).on("upgrade", upgrade);
    const closed = Promise.withResolvers<void>();
    await using server = await listening(silent);
    const socket = connect({ host: "127.0.0.1", port: server.port });
    socket.write(`GET / HTTP/1.1\r\n${offer}\r\n`);
    await begun.promise;
    socket.resetAndDestroy();
    await closed.promise;
  });
});
