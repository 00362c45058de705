/** The gateway as curl sees it: REST by HTTP/1.1 and HTTP/2, cleartext and TLS. */

import assert from "node:assert/strict";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./program.ts";
import type { Report } from "./report.ts";
import { caFile, requestBytesMax, type Targets } from "./targets.ts";

const json = ["-H", "content-type: application/json"];
const question = ["-d", `{"message": "what is 12*7?", "use_tools": true}`];

interface Answer {
  readonly status: number;
  /** 1.1 or 2. */
  readonly version: string;
  /** Media type with its parameters. */
  readonly type: string;
  readonly body: string;
}

/** Runs every case with the curl at `path`. */
export async function curlCases(path: string, targets: Targets, report: Report): Promise<void> {
  const plain = `http://${targets.plain}`;
  const tls = `https://${targets.tls}`;
  const curl = async (...args: string[]): Promise<Answer> => {
    const told = "\n%{http_code} %{http_version} %{content_type}";
    const { code, out, err } = await run(path, ["-sS", "-m", "30", "-w", told, ...args]);
    assert.equal(code, 0, err);
    const cut = out.lastIndexOf("\n");
    const [status = "", version = "", ...type] = out.slice(cut + 1).split(" ");
    return { status: Number(status), version, type: type.join(" "), body: out.slice(0, cut) };
  };
  const computes = ({ status, body }: Answer) => {
    assert.equal(status, 200, body);
    const { response, tools_called } = JSON.parse(body) as Record<string, unknown>;
    assert.match(String(response), /\b84\b/);
    assert.deepEqual(tools_called, ["calculator"]);
  };
  const refuses = ({ status, type, body }: Answer, wanted: { status: number; code: string }) => {
    assert.equal(status, wanted.status, body);
    assert.equal(type, "application/json");
    const { error } = JSON.parse(body) as { error: { code: string; request_id: string } };
    assert.equal(error.code, wanted.code);
    assert.notEqual(error.request_id, "");
  };

  const wires = [
    { name: "HTTP/1.1", args: ["--http1.1"], url: plain, version: "1.1" },
    { name: "HTTP/2 prior knowledge", args: ["--http2-prior-knowledge"], url: plain, version: "2" },
    {
      name: "an upgrade to HTTP/2 that is not taken",
      args: ["--http2"],
      url: plain,
      version: "1.1",
    },
    { name: "TLS, HTTP/2 by ALPN", args: ["--http2", "--cacert", caFile], url: tls, version: "2" },
    { name: "TLS, HTTP/1.1", args: ["--http1.1", "--cacert", caFile], url: tls, version: "1.1" },
  ];
  for (const { name, args, url, version } of wires) {
    await report.check(`curl, ${name}: chat computes 12*7`, async () => {
      const answer = await curl(...args, ...json, ...question, `${url}/api/v1/chat`);
      assert.equal(answer.version, version);
      computes(answer);
    });
    await report.check(`curl, ${name}: an uploaded image is named`, async () => {
      const file = "file=@models/digits/examples/7.png";
      const { body } = await curl(...args, "-F", file, `${url}/predict/digits`);
      const { classifications } = JSON.parse(body) as { classifications: { label: string }[] };
      assert.equal(classifications[0]?.label, "7");
    });
  }
  await report.check("curl: Connect's JSON on the RPC's own path", async () => {
    const answer = await curl(...json, ...question, `${plain}/polygate.v1.ChatService/Chat`);
    assert.match(answer.body, /"toolsCalled":\["calculator"\]/);
  });
  for (const wire of wires.slice(0, 2)) {
    await report.check(`curl, ${wire.name}: a stream of events ends with the totals`, async () => {
      const body = `{"message": "hello", "stream": true}`;
      const answer = await curl("-N", ...wire.args, ...json, "-d", body, `${plain}/api/v1/chat`);
      assert.match(answer.type, /^text\/event-stream/);
      const events = [...answer.body.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
      assert.ok(events.length > 2, `${events.length} events`);
      assert.match(answer.body, /"total_tokens":\d+/);
    });
  }
  await report.check("curl: HEAD is answered as GET without its body", async () => {
    const { status, body } = await curl("--head", `${plain}/health`);
    assert.equal(status, 200);
    assert.doesNotMatch(body, /uptime/);
  });
  await report.check("curl: an unknown path is 404 with a body", async () => {
    refuses(await curl(`${plain}/nothing`), { status: 404, code: "ROUTE_UNKNOWN" });
  });
  await report.check("curl: the wrong method is 405 with Allow", async () => {
    const answer = await curl("-X", "DELETE", "-D", "-", `${plain}/api/v1/chat`);
    const [head = "", body = ""] = answer.body.split("\r\n\r\n");
    assert.match(head, /^allow: POST, OPTIONS$/im);
    refuses({ ...answer, body }, { status: 405, code: "METHOD_NOT_ALLOWED" });
  });
  await report.check("curl: a body that is no JSON is 400", async () => {
    const answer = await curl(...json, "-d", "{", `${plain}/api/v1/chat`);
    refuses(answer, { status: 400, code: "BODY_MALFORMED" });
  });
  await report.check("curl: a body that is no image is 400", async () => {
    const answer = await curl("-F", "file=@package.json", `${plain}/predict/digits`);
    refuses(answer, { status: 400, code: "IMAGE_INVALID" });
  });
  for (const wire of wires.slice(0, 2)) {
    await report.check(`curl, ${wire.name}: a body over the limit is 413`, async () => {
      await using folder = await temporaryFolder();
      const message = "x".repeat(requestBytesMax);
      const file = await folder.write("large.json", JSON.stringify({ message }));
      const body = ["--data-binary", `@${file}`];
      // Several times: the answer must not be overtaken by what stops the upload.
      for (let count = 0; count < 10; count += 1) {
        const answer = await curl(...wire.args, ...json, ...body, `${plain}/api/v1/chat`);
        refuses(answer, { status: 413, code: "BODY_TOO_LARGE" });
      }
    });
  }
  await report.check("curl: probes, metrics and the front page are there", async () => {
    for (const page of ["/livez", "/readyz", "/metrics", "/"]) {
      assert.equal((await curl(`${plain}${page}`)).status, 200, page);
    }
    assert.match((await curl(`${plain}/metrics`)).body, /^http_requests_total\{/m);
  });
}
