/** Commands in this process: what they print and which exit code they give. */

import { afterEach, describe, expect, test } from "vitest";
import { bannerText } from "#cli/banner.ts";
import { check } from "#cli/check.ts";
import { core } from "#cli/core.ts";
import { serve } from "#cli/serve.ts";
import { startFailureText } from "#cli/start-failure.ts";
import { docsTable } from "../../support/docs-table.ts";
import { eventLoopTurn } from "../../support/predict.ts";

function terminal(env: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const given = {
    env,
    cwd: "/",
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
  };
  return { ...given, read: () => ({ out: out.join("\n"), err: err.join("\n") }) };
}

describe("check", () => {
  test("a sound configuration is summed up", () => {
    const at = terminal({ API_KEY: "k", TWIN_URL: "http://localhost:8001", XAI_API_KEY: "x" });
    expect(check(["--ports", "1,2"], at)).toBe(0);
    expect(at.read().out).toBe(
      "configuration ok: environment development, 2 listeners, 1 core, auth on with 1 key, no rate limit\nnot used by this version: XAI_API_KEY",
    );
  });

  test("every problem is printed, and the exit code is 1", () => {
    const at = terminal({ GATEWAY_PORT: "x", LOG_LEVEL: "inof" });
    expect(check([], at)).toBe(1);
    expect(at.read()).toEqual({
      out: "",
      err: "environment GATEWAY_PORT: gateway.port: expected a whole number from 0 to 65535\nenvironment LOG_LEVEL: logging.level: expected debug, info, warn or error (hint: did you mean info?)",
    });
  });

  test("--schema prints a JSON Schema", () => {
    const at = terminal();
    expect(check(["--schema"], at)).toBe(0);
    expect(JSON.parse(at.read().out)).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      properties: { gateway: { properties: { timeout: { default: "30s", title: "duration" } } } },
    });
  });
});

describe("serve", () => {
  const never = () => Promise.reject(new Error("was started"));

  test("--help prints each flag with default and environment name", async () => {
    const at = terminal();
    expect(await serve(["--help"], at, never)).toBe(0);
    expect(at.read().out).toMatch(/--port <port> .*\[default 8080; GATEWAY_PORT\]/);
    expect(at.read().out).toMatch(/--log-level <level> .*\[default info; LOG_LEVEL\]/);
  });

  test("a bad configuration starts nothing", async () => {
    const at = terminal({ ENVIRONMENT: "production" });
    expect(await serve([], at, never)).toBe(1);
    expect(at.read().err).toBe("defaults: auth.enabled: must be on in production");
  });
});

describe("serve, running", () => {
  const processEvents = ["SIGTERM", "SIGINT", "SIGHUP", "uncaughtException"] as const;
  const before = new Map(processEvents.map((event) => [event, process.rawListeners(event)]));
  afterEach(() => {
    for (const [event, listeners] of before) {
      for (const listener of process.rawListeners(event)) {
        if (!listeners.includes(listener)) process.off(event, listener as () => void);
      }
    }
  });

  test("the banner waits for models, so that it tells of them as they are", async () => {
    const at = terminal({ LOG_LEVEL: "error" });
    let state = "loading";
    const code = await serve(["--port", "0"], at, async () => ({
      facts: () => ({ listeners: [], backends: [], models: [`digits (${state})`] }),
      async ready() {
        await eventLoopTurn();
        state = "available";
        setImmediate(() => process.emit("SIGTERM"));
      },
      drain: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }));
    expect(code).toBe(0);
    expect(at.read().out).toContain("  models   digits (available)");
  });
});

describe("core", () => {
  test("bad flags are told together and start nothing", async () => {
    const at = terminal();
    const never = () => Promise.reject(new Error("was started"));
    expect(await core(["--prot", "1", "--failure-rate", "2", "--seed", "x"], at, never)).toBe(1);
    expect(at.read().err.split("\n")).toEqual([
      "flag --prot: is unknown (hint: did you mean --port?)",
      "flag --failure-rate: expected a number from 0 to 1",
      "flag --seed: expected a whole number from 0 to 4294967295",
    ]);
  });
});

describe("startFailureText", () => {
  const wanted = [
    { name: "api", host: "0.0.0.0", port: 8081 },
    { name: "portal", host: "0.0.0.0", port: 8080 },
  ];
  const taken = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE", port: 8080 });
  test.each([
    {
      name: "a taken port names the listener",
      error: taken,
      text: "listener portal: 0.0.0.0:8080 is taken by another process (EADDRINUSE)",
    },
    {
      name: "also when another error wraps it",
      error: new Error("x", { cause: taken }),
      text: "listener portal: 0.0.0.0:8080 is taken by another process (EADDRINUSE)",
    },
    {
      name: "a model repository that cannot be read is named with its setting",
      error: new Error("x", {
        cause: Object.assign(new Error("scandir"), { code: "EACCES", path: "/srv/models" }),
      }),
      text: "models.path: /srv/models cannot be read (EACCES)",
    },
    { name: "anything else keeps its own words", error: new Error("no models"), text: "no models" },
    { name: "what is no error is told as such", error: "text", text: "unknown error" },
  ])("$name", ({ error, text }) => {
    expect(startFailureText(error, wanted, "/srv/models")).toBe(text);
  });
});

describe("bannerText", () => {
  const facts = {
    version: "1.2.3",
    listeners: [
      { name: "metrics", url: "http://127.0.0.1:9090", serves: ["metrics"] },
      { name: "gateway", url: "http://127.0.0.1:8080", serves: ["rpc", "rest"] },
    ],
    backends: ["embedded core"],
    models: ["digits (available)"],
    sample: { model: "digits", image: "seven.png" },
    authEnabled: false,
  };

  test("it tells addresses, backends, models and four lines to try", () => {
    expect(bannerText(facts).split("\n")).toEqual([
      "Polygate 1.2.3",
      "  listens  http://127.0.0.1:9090  metrics: metrics",
      "  listens  http://127.0.0.1:8080  gateway: rpc, rest",
      "  backend  embedded core",
      "  models   digits (available)",
      "",
      "Try it",
      `  curl -H 'content-type: application/json' -d '{"message": "what is 12*7?", "use_tools": true}' http://127.0.0.1:8080/api/v1/chat`,
      "  curl -F file=@seven.png http://127.0.0.1:8080/predict/digits",
      `  curl -N -H 'content-type: application/json' -d '{"message": "hello", "stream": true}' http://127.0.0.1:8080/api/v1/chat`,
      `  npx buf curl --protocol grpc --http2-prior-knowledge -d '{"message": "hello"}' http://127.0.0.1:8080/polygate.v1.ChatService/Chat`,
    ]);
  });

  test("with auth on, every line carries a key from the environment", () => {
    const tries =
      bannerText({ ...facts, authEnabled: true })
        .split("Try it\n")[1]
        ?.split("\n") ?? [];
    expect(tries).toHaveLength(4);
    for (const line of tries) expect(line).toContain(`-H "authorization: Bearer $AUTH_SECRET_KEY"`);
  });

  test("only metrics served: nothing to try", () => {
    expect(bannerText({ ...facts, listeners: facts.listeners.slice(0, 1) })).not.toContain(
      "Try it",
    );
  });
});

test("the documentation's table has a row a setting, with flag and environment name", () => {
  const port = docsTable()
    .split("\n")
    .find((row) => row.startsWith("| `gateway.port` "));
  expect(port).toContain("| `--port`, `GATEWAY_PORT` |");
});
