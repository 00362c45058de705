/** Commands in this process: what they print and which exit code they give. */

import { afterEach, describe, expect, test } from "vitest";
import { bannerText } from "#cli/banner.ts";
import { check } from "#cli/check.ts";
import { core } from "#cli/core.ts";
import { mainHelp } from "#cli/help.ts";
import { keyVariable } from "#cli/key-variable.ts";
import { migrate } from "#cli/migrate.ts";
import { serve } from "#cli/serve.ts";
import { startFailureText } from "#cli/start-failure.ts";
import { ConfigFolder, settingsOf } from "../../support/config-folder.ts";
import { docsTable } from "../../support/docs-table.ts";
import { eventLoopTurn } from "../../support/predict.ts";

function terminal(env: Record<string, string> = {}, terminals: readonly "stdout"[] = []) {
  const out: string[] = [];
  const err: string[] = [];
  const given = {
    env,
    cwd: "/",
    terminals,
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
  };
  return { ...given, read: () => ({ out: out.join("\n"), err: err.join("\n") }) };
}

describe("check", () => {
  test("a sound configuration is summed up", async () => {
    const at = terminal({
      ...{ API_KEY: "k", LOAD_BALANCER_WEIGHT_XAI: "1" },
      ...{ TWIN_URL: "http://localhost:8001", AGENT_CONTROLLER_URL: "http://localhost:8002" },
    });
    expect(await check(["--ports", "1,2"], at)).toBe(0);
    expect(at.read().out).toBe(
      "configuration ok: environment development, 2 listeners, 1 core, 1 core for questions, auth on with 1 key, no rate limit\nnot used by this version: LOAD_BALANCER_WEIGHT_XAI",
    );
  });

  test("what each listener asks for is told where it is not the same for all", async () => {
    using folder = new ConfigFolder({
      "gateway.yaml": `
listeners:
  - { name: outer, port: 1, auth: { accepts: [token] } }
  - { name: inner, port: 2 }
  - { name: here, host: 127.0.0.1, port: 3, auth: { enabled: false } }
  - { name: metrics, port: 4, serves: [metrics] }
auth:
  keys: [{ name: ops, key: k }]
  jwt: { secret: a-secret-of-tokens-that-no-one-else-has-0123456789 }
  routes: [{ match: /v1/models, public: true }]
`,
    });
    const at = terminal();
    expect(await check(["--config", `${folder.path}/gateway.yaml`], at)).toBe(0);
    expect(at.read().out.split("\n").slice(1)).toEqual([
      "listener outer: asks for token; 1 rule for routes",
      "listener inner: asks for key or token; 1 rule for routes",
      "listener here: open to everybody, with scope route",
    ]);
  });

  test("every problem is printed, and the exit code is 1", async () => {
    const at = terminal({ GATEWAY_PORT: "x", LOG_LEVEL: "inof" });
    expect(await check([], at)).toBe(1);
    expect(at.read()).toEqual({
      out: "",
      err: "environment GATEWAY_PORT: gateway.port: expected an integer from 0 to 65535\nenvironment LOG_LEVEL: logging.level: expected debug, info, warn or error (hint: did you mean info?)",
    });
  });

  test("what is read otherwise than written is printed, and the configuration is sound", async () => {
    const at = terminal({ API_PORT: "tcp://10.96.0.12:8080", API_KEY: '"k"' });
    expect(await check(["--port", "1"], at)).toBe(0);
    expect(at.read().out.split("\n")).toEqual([
      "configuration ok: environment development, 1 listener, embedded core, auth on with 1 key, no rate limit",
      "warning: environment API_PORT: holds an address, which is no port: ignored (hint: Kubernetes sets it for a Service of that name; `enableServiceLinks: false` keeps it out)",
      "warning: environment API_KEY: its value is in quotes, which were removed (hint: an env file of Docker keeps quotes: write the value without them)",
    ]);
  });

  test("--help lists --schema beside the flags of serve", async () => {
    const at = terminal();
    expect(await check(["--help"], at)).toBe(0);
    expect(at.read().out).toMatch(/^Usage: polygate check \[flags\]$/m);
    expect(at.read().out).toMatch(/^ {2}--schema +print the JSON Schema of the file$/m);
    expect(at.read().out).toMatch(/^ {2}--config <file>/m);
  });

  test("--schema prints a JSON Schema", async () => {
    const at = terminal();
    expect(await check(["--schema"], at)).toBe(0);
    expect(JSON.parse(at.read().out)).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      properties: { gateway: { properties: { timeout: { default: "30s", title: "duration" } } } },
    });
  });
});

describe("migrate", () => {
  test("--help says what the command takes, and the help of all lists it", async () => {
    const at = terminal();
    expect(await migrate(["--help"], at)).toBe(0);
    expect(at.read().out).toMatch(/^Usage: polygate migrate \[flags\]$/m);
    expect(at.read().out).toMatch(/^ {2}--config <file>/m);
    expect(mainHelp()).toMatch(/^ {2}migrate +make or change the tables of history\.url/m);
  });

  test("a bad configuration migrates nothing, and its value is not repeated", async () => {
    const at = terminal({ DATABASE_URL: "mysql://a:never-to-be-seen@host/x" });
    expect(await migrate([], at)).toBe(1);
    expect(at.read()).toEqual({
      out: "",
      err: "environment DATABASE_URL: history.url: expected an address such as postgres://user@host/database",
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
    expect(at.read().err).toBe(
      "defaults: auth.enabled: must be on in production (hint: set API_KEY or auth.keys)",
    );
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

  /** A gateway whose models load in the first turn, and that is asked to stop then. */
  function brief() {
    let state = "loading";
    const rest = {
      url: "http://127.0.0.1:80",
      name: "gateway",
      serves: ["rest"],
    };
    const load = async () => {
      await eventLoopTurn();
      state = "available";
      setImmediate(() => process.emit("SIGTERM"));
    };
    const loading = load();
    return {
      facts: () => ({ listeners: [rest], backends: [], models: [`digits (${state})`] }),
      ready: () => loading,
      drain: async () => {},
      reopenFiles: () => {},
      reload: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
  }

  test("on a terminal the banner waits for models, so that it lists them as they are", async () => {
    const at = terminal({ LOG_LEVEL: "error" }, ["stdout"]);
    expect(await serve(["--port", "0"], at, async () => brief())).toBe(0);
    expect(at.read().out).toContain("  models   digits (available)");
  });

  test("what is no terminal gets no banner", async () => {
    const at = terminal({ LOG_LEVEL: "error" });
    expect(await serve(["--port", "0"], at, async () => brief())).toBe(0);
    expect(at.read()).toEqual({ out: "", err: "" });
  });

  test.each([
    { name: "API_KEY", env: { API_KEY: "k" } },
    { name: "AI_GATEWAY_API_KEY", env: { AI_GATEWAY_API_KEY: "k" } },
  ])("the lines to try take the key from $name where that has it", async ({ name, env }) => {
    const at = terminal({ LOG_LEVEL: "error", ...env }, ["stdout"]);
    expect(await serve(["--port", "0"], at, async () => brief())).toBe(0);
    expect(at.read().out).toContain(`Try it, where ${name} is set as it is here`);
    expect(at.read().out).toContain(`-H "authorization: Bearer $${name}"`);
  });

  test.each([
    {
      name: "a key that a file takes from a variable is found there",
      key: "$" + "{TEAM_A}",
      env: { TEAM_A: "k" },
      prints: ["Try it, where TEAM_A is set as it is here", "Bearer $TEAM_A"],
    },
    {
      name: "a key that no variable has is to be set",
      key: "k",
      env: {},
      prints: ["Try it, with POLYGATE_API_KEY set to one of the keys", "Bearer $POLYGATE_API_KEY"],
    },
  ])("$name", async ({ key, env, prints }) => {
    const yaml = `auth: { keys: [{ name: a, key: '${key}' }] }`;
    using folder = new ConfigFolder({ "gateway.yaml": yaml });
    const at = terminal({ LOG_LEVEL: "error", ...env }, ["stdout"]);
    const outside = { ...at, cwd: folder.path };
    await serve(["--config", "gateway.yaml"], outside, async () => brief());
    for (const text of prints) expect(at.read().out).toContain(text);
  });
});

describe("what the lines to try ask for is what the gateway takes", () => {
  const password =
    "$scrypt$ln=15,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";
  const jwt = "jwt: { secret: a-secret-of-tokens-that-no-one-else-has-0123456789 }";
  const users = `users: [{ name: ann, password_scrypt: "${password}" }]`;
  const certificates = "certificates: [{ name: batch, common_name: client }]";
  const keys = "keys: [{ name: a, key: k }]";
  const header = '-H "authorization: Bearer $POLYGATE_API_KEY"';
  test.each([
    { takes: [keys], asks: "POLYGATE_API_KEY set to one of the keys", sends: header },
    { takes: ["key_store: { path: keys.db }"], asks: "set to one of the keys", sends: header },
    { takes: [jwt], asks: "POLYGATE_API_KEY set to a token", sends: header },
    { takes: [keys, jwt, users], asks: "set to one of the keys or a token", sends: header },
    {
      takes: [users, certificates],
      asks: "POLYGATE_USER set to name:password of a user",
      sends: '-u "$POLYGATE_USER"',
    },
    { takes: [certificates], asks: "--cert and --key of a client that is known", sends: "" },
  ])("$takes", ({ takes, asks, sends }) => {
    const yaml = `auth: { enabled: true, ${takes.join(", ")} }`;
    using folder = new ConfigFolder({ "gateway.yaml": yaml });
    const { auth, keyStore } = settingsOf(folder.load({}, []));
    const key = keyVariable({}, auth, keyStore !== undefined);
    const listeners = [{ name: "gateway", url: "http://127.0.0.1:80", serves: ["rest", "rpc"] }];
    const [title, ...lines] =
      bannerText({ version: "1", program: "polygate", listeners, backends: [], models: [], key })
        .split("\n\n")[1]
        ?.split("\n") ?? [];
    expect(title).toContain(
      `Try it, with ${asks.startsWith("set") ? `POLYGATE_API_KEY ${asks}` : asks}`,
    );
    const own = lines.filter((line) => line.startsWith("  polygate "));
    const others = lines.filter((line) => !own.includes(line));
    expect(own).toHaveLength(sends === header ? 2 : 0);
    expect(others).toHaveLength(2);
    for (const line of others) expect(line).toContain(sends);
    expect(lines.join("").includes("authorization")).toBe(sends === header);
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
      "flag --seed: expected an integer from 0 to 4294967295",
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
    program: "npx polygate",
    listeners: [
      { name: "metrics", url: "http://127.0.0.1:9090", serves: ["metrics"] },
      { name: "gateway", url: "http://127.0.0.1:8080", serves: ["rpc", "rest"] },
    ],
    backends: ["embedded core"],
    models: ["digits (available)"],
    sample: { model: "digits", image: "seven.png" },
  };

  test("it tells addresses, backends, models and lines to try", () => {
    expect(bannerText(facts).split("\n")).toEqual([
      "Polygate 1.2.3",
      "  listens  http://127.0.0.1:9090  metrics: metrics",
      "  listens  http://127.0.0.1:8080  gateway: rpc, rest",
      "  backend  embedded core",
      "  models   digits (available)",
      "",
      "Try it",
      "  npx polygate chat --tools 'what is 12*7?'",
      "  npx polygate top",
      `  curl -H 'content-type: application/json' -d '{"message": "what is 12*7?", "use_tools": true}' http://127.0.0.1:8080/api/v1/chat`,
      "  curl -F file=@seven.png http://127.0.0.1:8080/predict/digits",
      `  npx buf curl --protocol grpc --http2-prior-knowledge -d '{"message": "hello"}' http://127.0.0.1:8080/polygate.v1.ChatService/Chat`,
    ]);
  });

  test("it tells what a listener asks for", () => {
    const [metrics, gateway] = facts.listeners;
    const listeners = [metrics, { ...gateway, asks: "asks for key or token" }] as never;
    expect(
      bannerText({ ...facts, listeners })
        .split("\n")
        .slice(1, 3),
    ).toEqual([
      "  listens  http://127.0.0.1:9090  metrics: metrics",
      "  listens  http://127.0.0.1:8080  gateway: rpc, rest; asks for key or token",
    ]);
  });

  test("with auth on, every line carries a key from the environment", () => {
    const tries =
      bannerText({ ...facts, key: { name: "API_KEY", isSet: true, holds: "one of the keys" } })
        .split("Try it, where API_KEY is set as it is here\n")[1]
        ?.split("\n") ?? [];
    expect(tries).toHaveLength(5);
    for (const line of tries.slice(0, 2)) {
      expect(line).toContain('  POLYGATE_API_KEY="$API_KEY" npx polygate ');
    }
    for (const line of tries.slice(2)) {
      expect(line).toContain(`-H "authorization: Bearer $API_KEY"`);
    }
  });

  test("it stays on one screen, however much there is to tell", () => {
    const many = (name: string) => Array.from({ length: 40 }, (_, at) => `${name}-${at} (ready)`);
    const serves = ["rpc", "rest", "openai", "anthropic", "gemini", "oip", "tfserving", "metrics"];
    const listeners = many("listener").map((name, at) => ({
      ...{ name, serves, asks: "asks for key or token; 2 rules for routes" },
      url: `http://127.0.0.1:${8080 + at}`,
    }));
    const text = bannerText({ ...facts, listeners, backends: many("core"), models: many("model") });
    const rows = text.split("\n").map((line) => Math.max(1, Math.ceil(line.length / 80)));
    expect(rows.reduce((sum, one) => sum + one)).toBeLessThanOrEqual(24);
    expect(text).toContain("and 34 more");
  });

  test("commands name the server where it is not the one that they ask by default", () => {
    const listeners = [{ name: "gateway", url: "http://127.0.0.1:9000", serves: ["rpc"] }];
    expect(bannerText({ ...facts, listeners })).toContain(
      "  npx polygate top --server http://127.0.0.1:9000",
    );
  });

  test("a path that a shell would take apart is quoted", () => {
    const sample = { model: "digits", image: "it's a seven.png" };
    expect(bannerText({ ...facts, sample })).toContain(
      `  curl -F 'file=@it'\\''s a seven.png' http://127.0.0.1:8080/predict/digits`,
    );
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
