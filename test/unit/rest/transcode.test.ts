/** The transcoder as a library, on a plain node:http server. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { transcode } from "#rest/transcode.ts";
import { createGreeterServer } from "../../support/greeter-server.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

async function listening(server: ReturnType<typeof createServer>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
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
