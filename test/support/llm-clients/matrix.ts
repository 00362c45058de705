/**
 * The matrix: every client in every way, in front of providers of every dialect. No cell is
 * left out; what an SDK itself does not do is said where the client is made, and must be so.
 */

import assert from "node:assert/strict";
import type { DialectName } from "#dialects/dialect.ts";
import { startTestGateway } from "../gateway.ts";
import { type ProviderDouble, type Script, startProvider } from "../provider-double.ts";
import {
  type Ask,
  citySchema,
  type GatewayAddress,
  type LlmClient,
  png,
  type Reply,
  toolSchema,
} from "./client.ts";

/** Dialects of the providers. */
export const dialects = [
  "openai-chat",
  "openai-responses",
  "anthropic",
  "gemini",
  "ollama",
] as const satisfies readonly DialectName[];

/** What is tried. */
export const ways = [
  "unary",
  "stream",
  "tools",
  "image",
  "schema",
  "thinking",
  "error",
  "abort",
] as const;

/** One of them. */
export type Way = (typeof ways)[number];

/** What became of a cell: `thrown` when it is not as it should be. */
export interface Cell {
  readonly client: LlmClient;
  readonly dialect: DialectName;
  readonly way: Way;
  readonly thrown?: unknown;
}

const key = "a-key-that-is-long-enough";

/** Everything that a cell uses. */
interface Scene {
  readonly client: LlmClient;
  readonly dialect: DialectName;
  readonly provider: ProviderDouble;
  ask(wanted?: Partial<Ask>): Promise<Reply>;
}

const call = { id: "call_1", name: "weather", arguments: '{"city":"Ulm"}' };
const thinking = { text: "Hm, Ulm.", state: "c3RhdGUtMQ==" };

/** Frames of each dialect up to the first half of the text. */
const framesUntilText: Readonly<Record<DialectName, number>> = {
  "openai-chat": 2,
  "openai-responses": 4,
  anthropic: 4,
  gemini: 1,
  ollama: 1,
};

/** Where each dialect has what a client asked for. */
const wishes: Readonly<
  Record<
    DialectName,
    { schema(body: never): unknown; thinking(body: never): unknown; tool(tool: never): unknown }
  >
> = {
  "openai-chat": {
    tool: (tool: Tool) => tool.function?.parameters,
    schema: (body: Body) => body.response_format?.json_schema?.schema,
    thinking: (body: Body) => body.reasoning_effort,
  },
  "openai-responses": {
    tool: (tool: Tool) => tool.parameters,
    schema: (body: Body) => body.text?.format?.schema,
    thinking: (body: Body) => body.reasoning?.effort,
  },
  anthropic: {
    tool: (tool: Tool) => tool.input_schema,
    schema: (body: Body) => body.output_config?.format?.schema,
    thinking: (body: Body) => body.thinking?.type,
  },
  gemini: {
    // A client of the vendor's own API is relayed, in its own spelling.
    tool: ({ functionDeclarations: [tool] = [] }: Tool) =>
      tool?.parametersJsonSchema ?? tool?.parameters_json_schema ?? smallTypes(tool?.parameters),
    schema: (body: Body) =>
      body.generationConfig?.responseJsonSchema ?? body.generationConfig?.responseSchema,
    thinking: (body: Body) => body.generationConfig?.thinkingConfig,
  },
  ollama: {
    tool: (tool: Tool) => tool.function?.parameters,
    schema: (body: Body) => body.format,
    thinking: (body: Body) => body.think,
  },
};

/** Gemini's own schemas have types in capitals. */
function smallTypes(schema: unknown): unknown {
  const text = JSON.stringify(schema ?? null);
  return JSON.parse(text.replaceAll(/"type":"[A-Z]+"/g, (type) => type.toLowerCase()));
}

/** A tool as one of the dialects has it. */
interface Tool {
  readonly function?: { readonly parameters?: unknown };
  readonly parameters?: unknown;
  readonly input_schema?: unknown;
  readonly functionDeclarations?: readonly Record<string, unknown>[];
}

/** Fields of providers' requests that are looked at. */
interface Body {
  readonly tools?: readonly unknown[];
  readonly response_format?: { json_schema?: { schema?: unknown } };
  readonly text?: { format?: { schema?: unknown } };
  readonly output_config?: { format?: { schema?: unknown } };
  readonly generationConfig?: Record<string, unknown>;
  readonly format?: unknown;
  readonly reasoning_effort?: unknown;
  readonly reasoning?: { effort?: unknown };
  readonly thinking?: { type?: unknown };
  readonly think?: unknown;
}

/** Dialects whose providers want the state of their thoughts back. */
const stateful: ReadonlySet<DialectName> = new Set(["openai-responses", "anthropic", "gemini"]);

function lastBody({ provider }: Scene): Body {
  const last = provider.received.at(-1);
  assert.ok(last !== undefined, "the provider was asked");
  return last.body as Body;
}

/** What an error's status is to clients of a face. */
function statusFor({ face }: LlmClient, status: number): number {
  return face === "anthropic" && status === 503 ? 529 : status;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new assert.AssertionError({ message: "nothing failed" });
}

const trials: Readonly<Record<Way, (scene: Scene) => Promise<void>>> = {
  async unary({ ask, provider }) {
    const { text, calls, tokens } = await ask();
    assert.deepEqual({ text, calls, tokens }, { text: "Hello there", calls: [], tokens: 8 });
    const { headers } = provider.received.at(-1) ?? assert.fail("the provider was asked");
    const sent =
      headers.authorization ?? headers["x-api-key"] ?? headers["x-goog-api-key"] ?? "nothing";
    assert.match(String(sent), /upstream-key$/);
  },

  async stream({ ask, client, dialect }) {
    let pieces = 0;
    const { text, calls, tokens } = await ask({ streams: true, onPiece: () => pieces++ });
    const expected = client.streamedTokens?.(dialect) ?? 8;
    assert.deepEqual({ text, calls, tokens }, { text: "Hello there", calls: [], tokens: expected });
    assert.ok(pieces >= 2, "it came in pieces");
  },

  async tools(scene) {
    for (const streams of [false, true]) {
      scene.provider.scripts.push({ text: "Let me see", toolCall: call }, { text: "It rains" });
      const first = await scene.ask({ streams, tool: true });
      const [offered] = lastBody(scene).tools ?? [];
      const parameters = wishes[scene.dialect].tool(offered as never) as typeof toolSchema;
      assert.deepEqual(parameters?.properties, toolSchema.properties);
      assert.deepEqual(parameters?.required, toolSchema.required);
      assert.equal(first.text, "Let me see");
      assert.deepEqual(first.calls, [{ name: "weather", args: { city: "Ulm" } }]);
      assert.equal((await first.answer("rain, 9 degrees")).text, "It rains");
      const sent = JSON.stringify(lastBody(scene));
      assert.match(sent, /rain, 9 degrees/);
      // In a stream's two halves, where the client keeps them so.
      assert.match(sent, /Let m.*e see/);
    }
  },

  async image(scene) {
    const { text } = await scene.ask({ image: true });
    assert.equal(text, "Hello there");
    assert.ok(JSON.stringify(lastBody(scene)).includes(png), "the provider was shown the image");
  },

  async schema(scene) {
    scene.provider.scripts.push({ text: '{"city":"Ulm","people":130000}' });
    const { object } = await scene.ask({ schema: true });
    assert.deepEqual(object, { city: "Ulm", people: 130_000 });
    const sent = wishes[scene.dialect].schema(lastBody(scene) as never) as typeof citySchema;
    assert.deepEqual(sent?.properties, citySchema.properties);
    assert.deepEqual(sent?.required, citySchema.required);
  },

  async thinking(scene) {
    const { client, dialect } = scene;
    for (const streams of [false, true]) {
      const script: Script = { text: "Let me see", thinking, toolCall: call };
      scene.provider.scripts.push(script, { text: "It rains" });
      const first = await scene.ask({ streams, tool: true, thinks: true });
      const wish = wishes[dialect].thinking(lastBody(scene) as never);
      assert.ok(wish !== undefined, "the provider was asked to think");
      assert.equal(first.thoughts, client.hidesThoughts === true ? "" : thinking.text);
      assert.equal(first.text, "Let me see");
      await first.answer("rain, 9 degrees");
      if (!stateful.has(dialect)) continue;
      const isBack = JSON.stringify(lastBody(scene)).includes(thinking.state);
      assert.equal(
        isBack,
        !client.losesState?.includes(dialect),
        "the state of its thoughts came back",
      );
    }
  },

  async error({ ask, client, provider }) {
    for (const status of [400, 429, 503]) {
      for (const streams of [false, true]) {
        provider.faults.push({ kind: "status", status });
        const thrown = await failureOf(ask({ streams }));
        assert.equal(client.statusOf(thrown), statusFor(client, status));
      }
    }
    for (const streams of [false, true]) {
      const refused = await failureOf(ask({ streams, model: "no-such-model" }));
      assert.equal(client.statusOf(refused), 404);
    }
  },

  async abort({ ask, dialect, provider }) {
    const before = provider.abortedAtMs.length;
    provider.faults.push({ kind: "stall_after", frames: framesUntilText[dialect] });
    const leave = new AbortController();
    await failureOf(ask({ streams: true, signal: leave.signal, onPiece: () => leave.abort() }));
    for (let tries = 0; provider.abortedAtMs.length === before; tries++) {
      assert.ok(tries < 500, "the provider's call ended");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(provider.open(), 0);
  },
};

/** Tries one client in front of one provider in all ways, one after the other. */
async function tryRow(
  { client, dialect }: Pick<Cell, "client" | "dialect">,
  gateway: GatewayAddress,
  provider: ProviderDouble,
  model: string,
): Promise<Cell[]> {
  const plain = { streams: false, tool: false, image: false, schema: false, thinks: false };
  const ask = (wanted?: Partial<Ask>) => client.ask(gateway, { model, ...plain, ...wanted });
  const cells: Cell[] = [];
  for (const way of ways) {
    provider.scripts.length = 0;
    provider.faults.length = 0;
    try {
      await trials[way]({ client, dialect, provider, ask });
      cells.push({ client, dialect, way });
    } catch (thrown) {
      cells.push({ client, dialect, way, thrown });
    }
  }
  return cells;
}

/** Tries all cells; each client has a double of each dialect for itself, so that all go on at one time. */
export async function tryAll(clients: readonly LlmClient[]): Promise<readonly Cell[]> {
  await using running = new AsyncDisposableStack();
  const rows = await Promise.all(
    clients.flatMap((client, index) =>
      dialects.map(async (dialect) => {
        const provider = running.use(await startProvider(dialect));
        return { client, dialect, provider, name: `${dialect}-${index}` };
      }),
    ),
  );
  const settings = rows.map(({ dialect, provider, name }) => {
    const spoken = dialect === "openai-chat" ? "openai" : dialect;
    return `  ${name}: { dialect: ${spoken}, base_url: "${provider.url}", api_key: upstream-key }`;
  });
  const yaml = `
gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 30s }
# Each failure of a provider reaches its client, and no probe takes one that is meant for a call.
load_balancer: { retry_attempts: 0, health_check_interval: 10m }
auth: { keys: [{ name: sdk, key: ${key} }] }
providers:
${settings.join("\n")}
`;
  const { url } = running.use(await startTestGateway({ yaml }));
  const tried = rows.map(({ provider, name, ...row }) =>
    tryRow(row, { url, key }, provider, `${name}/double`),
  );
  const cells = (await Promise.all(tried)).flat();
  for (const client of clients) client.close?.();
  return cells;
}
