/** Callers who are known by the certificate of their connection, on both engines and both versions of HTTP. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as connectTls } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Agent, WebSocket } from "undici";
import { describe, expect, test } from "vitest";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { startTestGateway } from "../support/gateway.ts";
import { clientTls, fixture, serverTls } from "../support/tls.ts";

const yamlOf = (engine: string, rule: string, clientAuth = "request") => `
listeners:
  - name: tls
    host: 127.0.0.1
    port: 0
    http1_engine: ${engine}
    http2_engine: ${engine}
    tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile}, ca_file: ${serverTls.caFile}, client_auth: ${clientAuth} }
auth:
  keys: [{ name: reader, key: reader-key }]
  certificates: [${rule}]
`;
const admin = "{ name: batch, common_name: test-client, scopes: [admin] }";

/** What a client shows of itself. */
interface Shown {
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  readonly headers?: Record<string, string>;
}
const certificate: Shown = { cert: clientTls.cert, key: clientTls.key };

/** The status of a call for which scope admin is needed, over HTTP/1.1 and HTTP/2. */
async function statuses(url: string, { headers = {}, ...tls }: Shown) {
  const { port } = new URL(url);
  const path = "/reload/digits";
  const request = httpsRequest({
    ...{ host: "localhost", port, path, method: "POST", headers, ca: clientTls.ca, agent: false },
    ...tls,
  }).end();
  const [response] = await once(request, "response");
  response.resume();
  const session = connectHttp2(`https://localhost:${port}`, { ca: clientTls.ca, ...tls });
  const stream = session.request({ ":path": path, ":method": "POST", ...headers }).end();
  const [head] = await once(stream, "response");
  session.destroy();
  return [response.statusCode, head[":status"]];
}

describe.each(["polygate", "node"])("on the engines of %s", (engine) => {
  test("the certificate that a rule names holds its scopes; the log knows its holder", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    expect(await statuses(gateway.url, certificate)).toEqual([200, 200]);
    const line = await gateway.line(({ principal }) => principal === "cert:batch");
    expect(line.principal).toBe("cert:batch");
  });

  test("without one, and without a key, there is no way in", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    expect(await statuses(gateway.url, {})).toEqual([401, 401]);
  });

  test("one that no authority of the listener has signed is nobody's, whatever it says", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    const [cert, key] = ["stranger.crt", "stranger.key"].map((name) => readFileSync(fixture(name)));
    expect(await statuses(gateway.url, { cert, key })).toEqual([401, 401]);
  });

  test("headers that speak of certificates are not believed", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    const headers = {
      "x-ssl-client-verify": "SUCCESS",
      "x-ssl-client-s-dn": "CN=test-client",
      "x-forwarded-client-cert": 'By=x;Subject="CN=test-client"',
      "client-cert": ":AAAA:",
      "x-polygate-principal": "cert:batch",
    };
    expect(await statuses(gateway.url, { headers })).toEqual([401, 401]);
  });

  test("a credential that is sent counts before the certificate, and a wrong one is refused", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    const reader = { ...certificate, headers: { authorization: "Bearer reader-key" } };
    const wrong = { ...certificate, headers: { authorization: "Bearer wrong-key" } };
    expect(await statuses(gateway.url, reader)).toEqual([403, 403]);
    expect(await statuses(gateway.url, wrong)).toEqual([401, 401]);
  });

  const rules = [
    { rule: "{ name: a, dns: localhost, scopes: [admin] }", is: 200 },
    { rule: "{ name: a, dns: localhost, common_name: test-client }", is: 403 },
    { rule: "{ name: a, dns: localhost, common_name: other, scopes: [admin] }", is: 401 },
    { rule: "{ name: a, dns: test-client, scopes: [admin] }", is: 401 },
    { rule: "{ name: a, uri: localhost, scopes: [admin] }", is: 401 },
    { rule: "{ name: a, email: localhost, scopes: [admin] }", is: 401 },
  ];
  test.each(rules)("$rule: $is", async ({ rule, is }) => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, rule, "require") });
    expect(await statuses(gateway.url, certificate)).toEqual([is, is]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "a resumed session of %s is its holder's still",
    async (version) => {
      await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
      const { port } = new URL(gateway.url);
      const options = {
        ...{ host: "localhost", port: Number(port), ca: clientTls.ca, ...certificate },
        ...{ minVersion: version, maxVersion: version, ALPNProtocols: ["http/1.1"] },
      };
      /** The status of a call on a connection of its own, and the session that it leaves. */
      const visit = async (session?: Buffer) => {
        const socket = connectTls(session === undefined ? options : { ...options, session });
        const left = once(socket, "session") as Promise<[Buffer]>;
        await once(socket, "secureConnect");
        socket.write("POST /reload/digits HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
        const [head] = (await once(socket, "data")) as [Buffer];
        const isReused = socket.isSessionReused();
        const [next] = isReused ? [Buffer.alloc(0)] : await left;
        socket.destroy();
        return { status: head.toString().slice(9, 12), isReused, next };
      };
      const first = await visit();
      const second = await visit(first.next);
      expect([first.status, first.isReused]).toEqual(["200", false]);
      expect([second.status, second.isReused]).toEqual(["200", true]);
    },
  );

  test("each turn of a WebSocket is known by the certificate of its connection", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    const { port } = new URL(gateway.url);
    const dispatcher = new Agent({ connect: { ...clientTls } });
    const socket = new WebSocket(`wss://localhost:${port}/v1/responses`, { dispatcher });
    socket.addEventListener("open", () => {
      socket.send('{"type":"response.create","model":"nobody","input":"hello"}');
    });
    await once(socket, "message");
    await dispatcher.destroy();
    const line = await gateway.line(
      ({ msg, endpoint }) => msg === "call" && endpoint === "/v1/responses",
    );
    expect(line).toMatchObject({ principal: "cert:batch", reason: "MODEL_UNKNOWN" });
  });

  test("gRPC clients are known by theirs, too", async () => {
    await using gateway = await startTestGateway({ yaml: yamlOf(engine, admin) });
    const { port } = new URL(gateway.url);
    const call = async (nodeOptions: object) => {
      const baseUrl = `https://localhost:${port}`;
      const client = createClient(ModelsService, createGrpcTransport({ baseUrl, nodeOptions }));
      return await client.listModels({}).then(
        () => "OK",
        (thrown) => Code[ConnectError.from(thrown).code],
      );
    };
    expect(await call(clientTls)).toBe("OK");
    expect(await call({ ca: clientTls.ca })).toBe("Unauthenticated");
  });
});
