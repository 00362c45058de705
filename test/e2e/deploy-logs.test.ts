/** deploy/logs: the gateway's own lines through rsyslog as it is configured there, and into a store of logs. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentsOf, judge, judged, missingJudge } from "../support/deploy.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { describeWith, missingProgram } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const read = (name: string) => readFileSync(`deploy/logs/${name}`, "utf8");

/** Where a text says something, said otherwise; throws where it does not. */
function replaced(text: string, there: string, instead: string): string {
  if (!text.includes(there)) throw new Error(`nothing says ${there}`);
  return text.replaceAll(there, instead);
}

/** Lines as a gateway writes them: of a call, and of a refusal with words of the caller's. */
async function gatewayLines(): Promise<readonly Record<string, unknown>[]> {
  await using gateway = await startTestGateway();
  const ask = (body: string) =>
    fetch(`${gateway.url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  await ask('{"message":"hi"}');
  await ask('{"message":"quote \\" and \\\\ and ü","temperature":9}');
  await gateway.line(({ msg, status }) => msg === "call" && status !== 200);
  return gateway.lines.filter(({ msg }) => msg === "call");
}

/** rsyslogd with files of deploy/logs; `say` is what journald does for a service. */
async function startRsyslog(folder: string, configs: readonly string[]) {
  const socket = join(folder, "log");
  const main = join(folder, "rsyslog.conf");
  const text = [
    `global(workDirectory="${folder}" maxMessageSize="64k")`,
    'module(load="imuxsock" SysSock.Use="off")',
    `input(type="imuxsock" Socket="${socket}" UseSysTimeStamp="off")`,
    ...configs,
  ].join("\n");
  await writeFile(main, text);
  const { code, err } = judged(["rsyslogd", "-N1", "-f", main]);
  // What it has against a file ends with its version and an address for reading on.
  expect({ code, problems: err.match(/.*\[v\d.*/g) }).toEqual({ code: 0, problems: null });
  const child = spawn("rsyslogd", ["-n", "-f", main, "-i", join(folder, "pid")], {
    stdio: "ignore",
  });
  const closed = once(child, "close");
  await expect.poll(() => existsSync(socket), { timeout: 10_000 }).toBe(true);
  return {
    say(tag: string, line: string) {
      const sent = spawnSync("logger", [
        "--socket",
        socket,
        "--tag",
        tag,
        "--size",
        "65536",
        "--",
        line,
      ]);
      expect(sent.status).toBe(0);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}

const missing = missingProgram("rsyslogd") ?? missingProgram("logger");

describeWith(missing)("rsyslog", () => {
  test("writes each line as the gateway wrote it, sends it on, and leaves others' alone", async () => {
    const lines = await gatewayLines();
    expect(lines.length).toBeGreaterThanOrEqual(2);
    let received = "";
    const central = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received += chunk;
      });
    }).listen(0, "127.0.0.1");
    await once(central, "listening");
    const { port } = central.address() as { port: number };
    await using folder = await temporaryFolder();
    const file = join(folder.path, "gateway.log");
    const config = [
      ["/var/log/polygate/gateway.log", file],
      ["logs.example.com", "127.0.0.1"],
      ['port="6514"', `port="${port}"`],
    ].reduce(
      (text, [there = "", instead = ""]) => replaced(text, there, instead),
      read("rsyslog.conf"),
    );
    {
      await using rsyslog = await startRsyslog(folder.path, [config]);
      rsyslog.say("sshd", "no line of the gateway");
      for (const line of lines) rsyslog.say("polygate", JSON.stringify(line));
      rsyslog.say("polygate", "    at crash (file:///app/dist/x.js:1:1)");
      await expect.poll(() => received, { timeout: 10_000 }).toContain("at crash");
    }
    central.close();
    const written = readFileSync(file, "utf8").trimEnd().split("\n");
    expect(written.slice(0, -1).map((line) => JSON.parse(line))).toEqual(lines);
    expect(written.at(-1)).toBe("at crash (file:///app/dist/x.js:1:1)");
    // RFC 6587: its length in front of each, RFC 5424: version 1.
    expect(received).toMatch(/^\d+ <\d+>1 /);
    expect(received.match(/\d+ <\d+>1 /g)).toHaveLength(lines.length + 1);
    expect(received).not.toContain("sshd");
  });
});

describe("what ships to Loki and Elasticsearch", () => {
  const [vector] = documentsOf("deploy/logs/vector.yaml");
  const [fluentBit] = documentsOf("deploy/logs/fluent-bit.yaml");

  test("has two labels, of which each has few values, and an index a day", () => {
    expect(Object.keys(vector.sinks.loki.labels)).toEqual(["service", "level"]);
    const [loki, elasticsearch] = fluentBit.pipeline.outputs;
    expect(loki).toMatchObject({
      labels: "service=polygate",
      label_keys: "$level",
      line_format: "json",
    });
    expect(elasticsearch).toMatchObject({ logstash_prefix: "polygate" });
    expect(vector.sinks.elasticsearch.bulk.index).toMatch(/^polygate-/);
  });

  test("reads fields that the gateway's lines have, and times as they are written", async () => {
    const [line] = await gatewayLines();
    expect(line).toMatchObject({
      time: expect.any(String),
      level: expect.any(String),
      msg: "call",
    });
    expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(fluentBit.parsers[0].time_key).toBe("time");
    expect(vector.transforms.lines.source).toContain(".time,");
  });

  test("takes the lines of what compose.yaml and polygate.service call the gateway", () => {
    const [compose] = documentsOf("deploy/compose/compose.yaml");
    const [, service = ""] = /service=(\w+)/.exec(vector.sources.gateway.include_labels[0]) ?? [];
    expect(Object.keys(compose.services)).toContain(service);
    const [, unit = ""] =
      /_SYSTEMD_UNIT=(.*)/.exec(fluentBit.pipeline.inputs[0].systemd_filter) ?? [];
    expect(existsSync(`deploy/systemd/${unit}`)).toBe(true);
    const [, name] =
      /^SyslogIdentifier=(.*)$/m.exec(readFileSync(`deploy/systemd/${unit}`, "utf8")) ?? [];
    expect(read("rsyslog.conf")).toContain(`$programname == "${name}"`);
  });
});

/** A store of logs is built from its source, and one module of rsyslog is in a package of its own: `.ci/verify` has both. */
const isAsked = process.env.LOG_STORE_TEST !== undefined;
const modules = globSync("/usr/lib/*/rsyslog/omelasticsearch.so");
const missingStore =
  missing ??
  missingJudge("victoria-logs") ??
  (modules.length > 0 ? undefined : "rsyslog-elasticsearch is not installed");

(isAsked ? describeWith(missingStore) : describe.skip)("VictoriaLogs, in the place of both", () => {
  test("has what rsyslog sends to Elasticsearch and what Loki is sent, by request, level and time", async () => {
    const lines = await gatewayLines();
    await using folder = await temporaryFolder();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const store = spawn(
      judge("victoria-logs"),
      [
        `-httpListenAddr=127.0.0.1:${port}`,
        `-storageDataPath=${join(folder.path, "store")}`,
        "-memory.allowedBytes=64MiB",
      ],
      { stdio: "ignore" },
    );
    const closed = once(store, "close");
    try {
      const isUp = () =>
        fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      await expect.poll(isUp, { timeout: 15_000 }).toBe(true);
      const query = async (text: string) => {
        const response = await fetch(
          `${url}/select/logsql/query?${new URLSearchParams({ query: text })}`,
        );
        const body = (await response.text()).trim();
        return body === ""
          ? []
          : body.split("\n").map((one) => JSON.parse(one) as Record<string, string>);
      };

      const config = replaced(
        replaced(
          read("rsyslog-elasticsearch.conf"),
          "elasticsearch.example.com",
          `${url}/insert/elasticsearch`,
        ),
        'serverport="9200"',
        `serverport="${port}"`,
      );
      await using rsyslog = await startRsyslog(folder.path, [
        replaced(
          config,
          "/var/log/polygate/elasticsearch-errors.log",
          join(folder.path, "errors.log"),
        ),
      ]);
      for (const line of lines) rsyslog.say("polygate", JSON.stringify(line));
      const found = () => query('service:="polygate" host:*');
      await expect.poll(async () => (await found()).length, { timeout: 15_000 }).toBe(lines.length);
      for (const row of await found()) {
        const line = lines.find(({ request_id }) => request_id === row.request_id);
        expect(row).toMatchObject({ level: line?.level, msg: "call", procedure: line?.procedure });
        expect(row["@timestamp"]).toBe(line?.time);
      }
      expect(existsSync(join(folder.path, "errors.log"))).toBe(false);

      const streams = lines.map((line) => ({
        stream: { service: "polygate", level: String(line.level) },
        values: [[`${Date.parse(String(line.time))}000000`, JSON.stringify(line)]],
      }));
      const pushed = await fetch(`${url}/insert/loki/api/v1/push`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ streams }),
      });
      expect(pushed.ok).toBe(true);
      const byLevel = () => query(`{service="polygate",level="${lines[0]?.level}"}`);
      await expect
        .poll(async () => (await byLevel()).length, { timeout: 15_000 })
        .toBeGreaterThan(0);
      expect((await byLevel())[0]).toMatchObject({ request_id: expect.stringMatching(/^req_/) });
    } finally {
      store.kill("SIGTERM");
      await closed;
    }
  }, 60_000);
});
