/**
 * The compliance suite of Open Responses against `/v1/responses`, in front of a provider of each
 * dialect: `npm run open-responses -- --from DIR [--require]`, where DIR holds the repository
 * openresponses/openresponses, whose own code is run. Skipped without it.
 */

import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { DialectName } from "#dialects/dialect.ts";
import { startTestGateway } from "../support/gateway.ts";
import { type Script, startProvider } from "../support/provider-double.ts";
import { createReport } from "./report.ts";

const key = "a-key-that-is-long-enough";

/** What is used of the suite. */
interface Suite {
  /** All of them are run at once: to run one, it is left alone in the list. */
  readonly testTemplates: Template[];
  runAllTests(config: object, onProgress: (result: Result) => void): Promise<readonly Result[]>;
}

interface Template {
  readonly id: string;
  readonly optional?: boolean;
}

interface Result {
  readonly status: string;
  readonly errors?: readonly string[];
}

/** A provider behind the gateway. */
interface Upstream {
  readonly name: string;
  readonly dialect: DialectName;
  /** It is sent the client's own words. */
  readonly isRelayed?: boolean;
  /** It is asked for what is relayed alone, such as a compaction. */
  readonly takesOperations?: boolean;
}

const upstreams: readonly Upstream[] = [
  {
    name: "responses, relayed",
    dialect: "openai-responses",
    isRelayed: true,
    takesOperations: true,
  },
  { name: "responses, translated", dialect: "openai-responses", takesOperations: true },
  { name: "chat completions", dialect: "openai-chat", takesOperations: true },
  { name: "anthropic", dialect: "anthropic" },
  { name: "gemini", dialect: "gemini" },
  { name: "ollama", dialect: "ollama" },
];

/** What the gateway does not do, and what the suite is to see then. */
interface Exception {
  concerns(template: Template, upstream: Upstream): boolean;
  readonly why: string;
  readonly seen: RegExp;
}

const exceptions: readonly Exception[] = [
  {
    concerns: ({ id }, { isRelayed = false }) =>
      id === "websocket-failed-continuation-evicts-cache" && isRelayed,
    why: "a provider of the client's dialect judges its conversations itself, and the double takes all",
    seen: /Expected second WebSocket continuation turn to fail/,
  },
  {
    concerns: ({ id }, { takesOperations = false }) =>
      ["compact-response", "websocket-compact-new-chain"].includes(id) && !takesOperations,
    why: "no other dialect has a compaction",
    seen: /^HTTP 404/,
  },
  {
    concerns: ({ id }, { dialect }) =>
      ["previous-response-id", "function-call-roundtrip"].includes(id) &&
      dialect !== "openai-responses",
    why: "other dialects' providers keep no responses, and the gateway keeps none",
    seen: /^HTTP 400.*(previous_response_id|tool_choice)/s,
  },
  {
    concerns: ({ id }, { dialect }) => id === "file-input" && dialect === "ollama",
    why: "Ollama takes no files but text",
    seen: /^HTTP 400.*input\[0\]\.content\[1\]/s,
  },
  {
    concerns: ({ optional }) => optional === true,
    why: "optional: the tools are a provider's own, as is what they search",
    seen: /optional/,
  },
];

/** The suite's modules name files without their endings, and the zod of its package file. */
function readSuitesModules(folder: string): void {
  const root = pathToFileURL(`${folder}/`).href;
  const hasPackages = existsSync(join(folder, "node_modules/zod"));
  registerHooks({
    resolve(specifier, context, next) {
      const isSuites = context.parentURL?.startsWith(root) === true;
      if (isSuites && specifier === "zod" && !hasPackages) {
        return next("zod/v3", { ...context, parentURL: import.meta.url });
      }
      const isEndless = isSuites && specifier.startsWith(".") && !specifier.endsWith(".ts");
      const found = next(isEndless ? `${specifier}.ts` : specifier, context);
      const isSource = found.url.startsWith(root) && found.url.endsWith(".ts");
      return isSource ? { ...found, format: "module-typescript" } : found;
    },
  });
}

/** A provider that calls a tool where it is given one. */
function scriptFor(body: Record<string, unknown>): Script {
  const given = Array.isArray(body.tools) && body.tools.length > 0;
  if (!given) return { text: "The number is four." };
  const args = JSON.stringify({ location: "San Francisco, CA" });
  return {
    text: "Let me look.",
    toolCall: { id: "call_1", name: "get_weather", arguments: args },
  };
}

/** What went wrong with a template; undefined when nothing did. */
async function problemOf(
  suite: Suite,
  template: Template,
  config: object,
  exception: Exception | undefined,
): Promise<string | undefined> {
  suite.testTemplates.splice(0, suite.testTemplates.length, template);
  const [result] = await suite.runAllTests(config, () => {});
  const errors = (result?.errors ?? []).join("\n");
  if (exception === undefined) {
    return result?.status === "passed" ? undefined : errors || `it is ${result?.status}`;
  }
  if (result?.status === "passed") return "it passes, and stands among the exceptions";
  return exception.seen.test(errors) ? undefined : errors;
}

const { values } = parseArgs({
  options: { from: { type: "string" }, require: { type: "boolean", default: false } },
});
const report = createReport({ requireAll: values.require });
const path = "src/lib/compliance-tests.ts";
const folder = values.from === undefined ? undefined : resolve(values.from);
if (folder === undefined || !existsSync(join(folder, path))) {
  console.log("skipped: --from names no folder with the repository of Open Responses");
  process.exitCode = values.require ? 1 : 0;
} else {
  readSuitesModules(folder);
  const suite: Suite = await import(pathToFileURL(join(folder, path)).href);
  const templates = [...suite.testTemplates];
  for (const upstream of upstreams) {
    const { name, dialect, isRelayed = false } = upstream;
    await using provider = await startProvider(dialect);
    provider.scriptFor = scriptFor;
    await using gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: suite, key: ${key} }] }
providers: { double: { dialect: ${dialect === "openai-chat" ? "openai" : dialect}, relay: ${isRelayed}, base_url: "${provider.url}", api_key: upstream-key } }
routes: { m: double/double }
`,
    });
    const config = {
      baseUrl: `${gateway.url}/v1`,
      apiKey: key,
      model: "m",
      authHeaderName: "Authorization",
      useBearerPrefix: true,
      runtime: "server",
    };
    for (const template of templates) {
      const exception = exceptions.find(({ concerns }) => concerns(template, upstream));
      const told = exception === undefined ? "" : ` (excepted: ${exception.why})`;
      const line = `${template.id} → ${name}${told}`;
      await report.check(line, await problemOf(suite, template, config, exception));
    }
  }
  process.exitCode = report.end();
}
