/** deploy/compose: what Compose makes of the file, and that its parts fit one another. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, test } from "vitest";
import packageJson from "#package.json" with { type: "json" };
import { surfaceNames } from "#surface-table.ts";
import {
  documentsOf,
  isVariable,
  judge,
  judged,
  type Manifest,
  missingJudge,
  settingsFor,
  strongSecret,
} from "../support/deploy.ts";
import { freePort } from "../support/free-port.ts";
import {
  describeWith,
  missingProgram,
  missingPythonPackage,
  python,
  testWith,
} from "../support/needs.ts";
import { missingRedis } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = "deploy/compose";
/** Where `.ci/deploy-programs` puts what is written in Python. */
const linters = ".cache/python";
const [written] = documentsOf(`${folder}/compose.yaml`);
const services: Record<string, Manifest> = written.services;
const secretFiles = { "/run/secrets/api_key": strongSecret };
const passwordFiles = {
  "/run/secrets/redis_password": `redis${strongSecret}`,
  "/run/secrets/postgres_password": `postgres${strongSecret}`,
};
const config = readFileSync(`${folder}/config/gateway.yaml`, "utf8");
const settings = settingsFor(
  config,
  { API_KEY_FILE: "/run/secrets/api_key" },
  { ...secretFiles, ...passwordFiles },
);
const seconds = (text: string) => Number(text.replace(/s$/, ""));

/** What Compose makes of a file in place of ours. */
const compose = (file: string, ...args: string[]) =>
  judged([judge("docker-compose"), "--file", file, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });

describeWith(missingJudge("docker-compose"))("Compose", () => {
  test("takes the file, and every profile of it", () => {
    const file = `${folder}/compose.yaml`;
    expect(compose(file, "config", "--quiet")).toMatchObject({ code: 0, out: "", err: "" });
    const all = compose(file, "--profile", "*", "config", "--services").out.trim().split("\n");
    expect(all.toSorted((one, other) => one.localeCompare(other))).toEqual(
      Object.keys(services).toSorted((one, other) => one.localeCompare(other)),
    );
    const usual = compose(file, "config", "--services").out.trim().split("\n");
    expect(usual).not.toContain("tensorflow");
  });

  test.each([
    ["a wrong key", "    read_only: true", "    readonly: true"],
    ["a service that is not there", "      redis: { condition", "      rediss: { condition"],
    ["a secret that is not there", "secrets: [api_key,", "secrets: [api_keys,"],
  ])("finds %s, were there one", async (_, there, instead) => {
    await using here = await temporaryFolder();
    const text = readFileSync(`${folder}/compose.yaml`, "utf8");
    // `x-service` may hold anything: the wrong key goes where a service begins.
    const changed = there.includes("read_only")
      ? text.replace("  gateway:\n", `  gateway:\n${instead}\n`)
      : text.replace(there, instead);
    expect(changed).not.toBe(text);
    const { code, err } = compose(await here.write("compose.yaml", changed), "config", "--quiet");
    expect(code).not.toBe(0);
    expect(err).not.toBe("");
  });
});

const missingLint = missingPythonPackage("compose_lint", linters);

testWith(missingLint)(
  "compose-lint asks for nothing but digests, which nobody can know beforehand",
  () => {
    const lint = ["-m", "compose_lint", "check", "--no-env", "--format", "json"];
    const { out } = judged([python, ...lint, `${folder}/compose.yaml`], {
      env: { PATH: process.env.PATH, PYTHONPATH: linters },
    });
    const { findings } = JSON.parse(out) as { findings: { rule_id: string; service: string }[] };
    expect(findings.map(({ service }) => service)).toEqual(Object.keys(services));
    expect(new Set(findings.map(({ rule_id: rule }) => rule))).toEqual(new Set(["CL-0019"]));
  },
);

/** Models are the user's own; rules and dashboards are parts that a checkout may be without. */
const isElsewhere = (path: string) =>
  path === "./models" ||
  ["prometheus", "grafana"].some(
    (part) => path.startsWith(`../${part}`) && !existsSync(join("deploy", part)),
  );

describe.each(Object.entries(services))("the service %s", (_, service) => {
  test("can write nowhere but where it must, gains no rights, and is bounded", () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      user: expect.stringMatching(/^[1-9]\d*:\d+$/),
      deploy: {
        resources: {
          limits: {
            cpus: expect.any(String),
            memory: expect.any(String),
            pids: expect.any(Number),
          },
        },
      },
      logging: { options: { "max-size": "10m" } },
      healthcheck: { test: expect.any(Array), interval: expect.any(String) },
    });
    expect(service.image).toMatch(/:[\w.-]*\d/);
  });

  test("every file that it is given is there, read-only", () => {
    const mounted = ((service.volumes ?? []) as string[])
      .map((one) => one.replace(/\$\{\w+:-([^}]*)\}/, "$1").split(":"))
      .filter(([path = ""]) => path.startsWith("."));
    for (const [path = "", , mode] of mounted) {
      expect(mode).toBe("ro");
      if (isElsewhere(path)) continue;
      expect(existsSync(join(folder, path)), path).toBe(true);
    }
  });
});

describe("the gateway's service", () => {
  const { gateway } = services;

  test("has variables that the gateway reads, and the package's version", () => {
    const names = Object.keys(gateway.environment).filter((name) => name !== "NODE_OPTIONS");
    expect(names.filter((name) => !isVariable(name))).toEqual([]);
    expect(gateway.image).toBe(`${packageJson.name}:${packageJson.version}`);
  });

  test("has a configuration that production takes, by the names of the other services", () => {
    expect(settings.environment).toBe("production");
    expect(settings.auth.enabled).toBe(true);
    expect(settings.redis?.nodes).toEqual([{ host: "redis", port: 6379 }]);
    expect(settings.redis?.password).toBe(passwordFiles["/run/secrets/redis_password"]);
    const { hostname, pathname, username } = new URL(settings.history.url ?? "");
    expect([hostname, pathname.slice(1), username]).toEqual([
      "postgres",
      services.postgres.environment.POSTGRES_DB,
      services.postgres.environment.POSTGRES_USER,
    ]);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(["redis", "postgres"]));
    expect(settings.listeners.flatMap(({ serves }) => serves).toSorted()).toEqual(
      surfaceNames.toSorted(),
    );
  });

  test("publishes the port of calls and not that of metrics, and is given the time to drain", () => {
    const ports = Object.fromEntries(settings.listeners.map(({ name, port }) => [name, port]));
    expect(gateway.ports).toEqual([expect.stringMatching(new RegExp(`:${ports.gateway}$`))]);
    expect(seconds(gateway.stop_grace_period)).toBeGreaterThanOrEqual(
      settings.drainTimeoutMs / 1000 + 5,
    );
    expect(gateway.healthcheck.test.slice(1)).toEqual(["node", "dist/cli/main.js", "health"]);
  });

  test("is what Prometheus scrapes, at the port of metrics", () => {
    const file = `${folder}/prometheus.yml`;
    const [{ scrape_configs: jobs }] = documentsOf(file);
    const targets: string[] = jobs.flatMap(({ static_configs: groups = [] }: Manifest) =>
      groups.flatMap(({ targets: some }: Manifest) => some),
    );
    const metrics = settings.listeners.find(({ serves }) => serves.includes("metrics"));
    expect(targets).toContain(`gateway:${metrics?.port}`);
  });
});

test("Grafana is given the folders that its provisioning names", () => {
  const targets = services.grafana.volumes.map((one: string) => one.split(":")[1]);
  for (const file of globSync("deploy/grafana/provisioning/dashboards/*")) {
    const [{ providers }] = documentsOf(file);
    for (const { options } of providers) expect(targets).toContain(options.path);
  }
});

/** What a receiver may be told by, and that a file has it only where its reader takes it off. */
const withWebhook = (text: string) => text.replaceAll(/^ {4}# ( *)/gm, "    $1");

describe("Alertmanager", () => {
  const file = `${folder}/alertmanager.yml`;

  test("is where Prometheus sends alerts, with the rules of deploy/prometheus", () => {
    const [{ alerting, rule_files: rules }] = documentsOf(`${folder}/prometheus.yml`);
    const [{ static_configs: groups }] = alerting.alertmanagers;
    const [own] = services.alertmanager.ports;
    expect(groups).toEqual([{ targets: [`alertmanager:${own.split(":").at(-1)}`] }]);
    const mounted = services.prometheus.volumes.find((one: string) => one.startsWith("../prom"));
    expect(rules).toEqual([`${mounted.split(":")[1]}/*rules.yml`]);
    expect(globSync("deploy/prometheus/*rules.yml")).not.toEqual([]);
  });

  testWith(missingProgram("amtool"))(
    "takes its file, and the webhook that it proposes",
    async () => {
      await using here = await temporaryFolder();
      const text = withWebhook(readFileSync(file, "utf8"));
      expect(text).toContain("    webhook_configs:\n");
      for (const path of [file, await here.write("alertmanager.yml", text)]) {
        expect(judged(["amtool", "check-config", path])).toMatchObject({ code: 0, err: "" });
      }
    },
  );
});

testWith(missingProgram("promtool"))("Prometheus takes its configuration", () => {
  const check = ["promtool", "check", "config", "--syntax-only", `${folder}/prometheus.yml`];
  expect(judged(check)).toMatchObject({ code: 0, err: "" });
});

test("make-secrets.sh writes every secret that the file names, once, for nobody else of the machine", async () => {
  await using here = await temporaryFolder();
  await cp(`${folder}/make-secrets.sh`, join(here.path, "make-secrets.sh"));
  const run = () => judged(["sh", join(here.path, "make-secrets.sh")], { cwd: "/" });
  expect(run()).toMatchObject({ code: 0, err: "" });
  const paths = Object.values<{ file: string }>(written.secrets).map(({ file }) =>
    join(here.path, file),
  );
  const texts = paths.map((path) => readFileSync(path, "utf8"));
  expect(new Set(texts).size).toBe(paths.length);
  for (const text of texts) expect(text).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(join(here.path, "secrets")).mode & 0o777).toBe(0o700);
  expect(run()).toMatchObject({ code: 0, out: "" });
  expect(paths.map((path) => readFileSync(path, "utf8"))).toEqual(texts);
});

testWith(missingRedis)(
  "Redis starts by the service's command, and its health is asked by its check",
  async () => {
    await using here = await temporaryFolder();
    const port = await freePort();
    const password = await here.write("redis_password", strongSecret);
    const conf = readFileSync(`${folder}/redis.conf`, "utf8")
      .replace("bind * -::*", "bind 127.0.0.1")
      .replace("port 6379", `port ${port}`)
      .replace("dir /data", `dir ${here.path}`);
    const file = await here.write("redis.conf", conf);
    const local = (text: string) =>
      text
        .replaceAll("$$", "$")
        .replaceAll("/run/secrets/redis_password", password)
        .replaceAll("/etc/redis/redis.conf", file)
        .replaceAll("redis-cli", `redis-cli -p ${port}`);
    const [shell, flag, script] = services.redis.command;
    const child = spawn(shell, [flag, local(script)], { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(child, "close");
    try {
      while (!String(await once(child.stdout, "data")).includes("Ready to accept"));
      const redis = new Redis({ port, password: strongSecret, retryStrategy: () => null });
      expect(await redis.config("GET", "maxmemory-policy")).toEqual([
        "maxmemory-policy",
        "volatile-ttl",
      ]);
      expect(readFileSync(`/proc/${child.pid}/cmdline`, "latin1")).not.toContain(strongSecret);
      redis.disconnect();
      const [, check] = services.redis.healthcheck.test;
      expect(judged(["sh", "-c", local(check)])).toMatchObject({ code: 0 });
      const wrong = local(check).replace(/REDISCLI_AUTH=\S+ \S+/, "REDISCLI_AUTH=wrong");
      expect(judged(["sh", "-c", wrong]).code).not.toBe(0);
    } finally {
      child.kill("SIGTERM");
      await closed;
    }
  },
);
