/** start.sh: its flags, from any folder, and that it ends what it started. */

import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { judge, judged, missingJudge } from "../support/deploy.ts";
import { freePort } from "../support/free-port.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { startProcess } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const script = resolve("start.sh");
const flags = ["--portal-port", "--api-port", "--monitor", "--help"];
/** Nothing of this machine's own settings. */
const bare = { PATH: process.env.PATH, HOME: process.env.HOME };
const run = (...args: string[]) => judged([script, ...args], { env: bare, cwd: tmpdir() });

testWith(missingJudge("shellcheck"))(
  "shellcheck has nothing to say about any script of deployment",
  () => {
    const scripts = [script, "deploy/compose/make-secrets.sh", ".ci/deploy-programs"];
    expect(judged([judge("shellcheck"), ...scripts])).toEqual({ code: 0, out: "", err: "" });
  },
);

describe("the flags", () => {
  test("are the four that --help lists, which starts nothing", () => {
    const { code, out, err } = run("--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.match(/^ {2}(--[\w-]+)/gm)?.map((flag) => flag.trim())).toEqual(flags);
  });

  test.each([
    { args: ["--port", "80"], why: "there is no flag --port" },
    { args: ["--api-port"], why: "--api-port takes a port" },
    { args: ["--api-port", "http"], why: '--api-port takes a port from 1 to 65535, not "http"' },
    { args: ["--portal-port", "0"], why: "from 1 to 65535" },
    { args: ["--portal-port=65536"], why: "from 1 to 65535" },
    { args: ["--api-port", "8081;id"], why: "from 1 to 65535" },
  ])("$args are refused in words, with what there is", ({ args, why }) => {
    const { code, out, err } = run(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(why);
    expect(err).toContain("--monitor");
  });
});

/** Programs in front of those of this machine: a script each. */
async function withPrograms(folder: TemporaryFolder, programs: Record<string, string>) {
  for (const [name, text] of Object.entries(programs)) {
    chmodSync(await folder.write(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755);
  }
  return [join(folder.path, "bin"), process.env.PATH].join(delimiter);
}

/** Programs that are there and of no use. */
const useless = {
  docker: "exit 1",
  "docker-compose": "exit 1",
  "grafana-server": "echo broken; exit 1",
};

async function started(env: Record<string, string | undefined>, ...args: string[]) {
  const [portal, api, prometheus, grafana] = await Promise.all([1, 2, 3, 4].map(freePort));
  const command = [script, "--portal-port", `${portal}`, "--api-port", `${api}`, ...args];
  const monitors = { PROMETHEUS_PORT: `${prometheus}`, GRAFANA_PORT: `${grafana}` };
  const gateway = await startProcess({
    command,
    cwd: tmpdir(),
    env: { ...bare, ...monitors, ...env },
  });
  const ended: AsyncDisposable = {
    // What it starts are process groups of their own, which it ends when it is asked to.
    async [Symbol.asyncDispose]() {
      await gateway.stop("SIGTERM");
      await gateway[Symbol.asyncDispose]();
    },
  };
  return { gateway: { ...gateway, ...ended }, portal, api, prometheus };
}

const answers = async (port: number | undefined, path = "/livez") =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).status;

test.each<NodeJS.Signals>(["SIGTERM", "SIGINT"])(
  "from any folder both ports answer, and %s ends it with 0",
  async (signal) => {
    const { gateway, portal, api } = await started({});
    await using running = gateway;
    expect([await answers(portal), await answers(api)]).toEqual([200, 200]);
    expect(await answers(portal, "/portal/index.html"), "the pages are built").toBe(200);
    expect(await running.stop(signal)).toBe(0);
  },
);

test("ports by the environment are those of the gateway", async () => {
  const [portal, api] = await Promise.all([freePort(), freePort()]);
  const env = { ...bare, PORTAL_PORT: `${portal}`, API_PORT: `${api}` };
  await using gateway = await startProcess({ command: [script], env });
  expect(gateway.urls.map((url) => Number(new URL(url).port))).toEqual([portal, api]);
});

testWith(missingProgram("prometheus"))(
  "--monitor starts this machine's Prometheus, names what it cannot start, and ends it with the gateway",
  async () => {
    await using folder = await temporaryFolder();
    const temporary = join(folder.path, "tmp");
    mkdirSync(temporary);
    const PATH = await withPrograms(folder, useless);
    const { gateway, api, prometheus } = await started({ PATH, TMPDIR: temporary }, "--monitor");
    await using running = gateway;
    expect(running.output()).toContain(`Prometheus is at http://127.0.0.1:${prometheus}`);
    expect(running.output()).toContain("could not start grafana");
    const scraped = async () => {
      const asked = await fetch(`http://127.0.0.1:${prometheus}/api/v1/targets`);
      const { data } = (await asked.json()) as { data: { activeTargets: { scrapeUrl: string }[] } };
      return data.activeTargets.map(({ scrapeUrl }) => scrapeUrl);
    };
    // It takes connections before it has read what to scrape.
    await expect.poll(scraped, { timeout: 30_000 }).toEqual([`http://127.0.0.1:${api}/metrics`]);
    expect(await answers(api, "/metrics")).toBe(200);
    expect(await running.stop("SIGTERM")).toBe(0);
    await expect(answers(prometheus)).rejects.toThrow();
    // Node's cache of compiled code stays, and nothing of Prometheus.
    expect(readdirSync(temporary).filter((name) => name !== "node-compile-cache")).toEqual([]);
  },
  60_000,
);

test("--monitor leaves to Compose what this machine lacks, for the gateway's port, and takes it down again", async () => {
  await using folder = await temporaryFolder();
  const told = join(folder.path, "told");
  const PATH = await withPrograms(folder, {
    ...useless,
    prometheus: "echo broken >&2; exit 1",
    docker: `echo "$*" >>${told}; [ -z "$PROMETHEUS_CONFIG" ] || cp "$PROMETHEUS_CONFIG" ${folder.path}/config`,
  });
  const { gateway, api } = await started({ PATH }, "--monitor");
  await using running = gateway;
  expect(running.output()).toContain("Prometheus of this machine did not start: broken");
  expect(running.output()).toContain("started by Docker Compose: prometheus grafana");
  expect(readFileSync(join(folder.path, "config"), "utf8")).toContain(
    `host.docker.internal:${api}`,
  );
  expect(await running.stop("SIGTERM")).toBe(0);
  const [, up, down] = readFileSync(told, "utf8").trim().split("\n");
  const project = `compose --project-name polygate-monitor --file ${realpathSync("deploy/compose/compose.yaml")}`;
  expect(up).toBe(`${project} up --detach --no-deps prometheus grafana`);
  expect(down).toBe(`${project} down`);
});

test("the exit code is the gateway's own, with --monitor as without", async () => {
  await using folder = await temporaryFolder();
  const PATH = await withPrograms(folder, { ...useless, prometheus: "exit 1" });
  const port = await freePort();
  for (const more of [[], ["--monitor"]]) {
    const twice = ["--portal-port", `${port}`, "--api-port", `${port}`, ...more];
    const { code, err } = judged([script, ...twice], { env: { ...bare, PATH } });
    expect(code).toBe(1);
    expect(err).toContain("has the host and port of listener portal");
  }
});
