/**
 * Claude Code and Codex CLI, as they come from npm, in front of providers of several dialects: a
 * session in which the model calls the agent's own shell, and then speaks. They are set up by the
 * blocks of docs/clients that are marked `agent`, with an empty home and no way out of the loopback.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { DialectName } from "#dialects/dialect.ts";
import { startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, type Script, startProvider } from "../support/provider-double.ts";

const installTimeoutMs = 300_000;
const sessionTimeoutMs = 90_000;

const folder = resolve(".cache/agents");
const packages = ["@anthropic-ai/claude-code@2.1.332", "@openai/codex@0.171.0"];
const secret = "the word is marmalade";

/** An agent, and how it is made to look into a file. */
interface Agent {
  readonly name: string;
  readonly page: string;
  /** What stands behind the question. */
  readonly flags: string;
  /** The call of its own shell. */
  readonly call: NonNullable<Script["toolCall"]>;
  readonly dialects: readonly DialectName[];
  /** What is changed in the block of its page. */
  readonly edit?: readonly [from: string, to: string];
  /** It is to open a WebSocket. */
  readonly opensSocket?: boolean;
  /** What it may not say: that it had to do with less. */
  readonly complaint?: RegExp;
}

const codexCall = {
  id: "call_1",
  name: "exec_command",
  arguments: JSON.stringify({ cmd: "cat secret.txt" }),
};

const agents: readonly Agent[] = [
  {
    name: "Claude Code",
    page: "docs/clients/claude-code.md",
    flags: "--allowedTools Bash",
    call: {
      id: "call_1",
      name: "Bash",
      arguments: JSON.stringify({ command: "cat secret.txt", description: "Read the file" }),
    },
    dialects: ["anthropic", "openai-chat", "openai-responses", "gemini"],
  },
  {
    name: "Codex CLI",
    page: "docs/clients/codex.md",
    flags: "--sandbox danger-full-access",
    call: codexCall,
    dialects: ["openai-responses", "anthropic", "openai-chat", "gemini"],
  },
  {
    name: "Codex CLI over WebSocket",
    page: "docs/clients/codex.md",
    flags: "--sandbox danger-full-access",
    call: codexCall,
    dialects: ["openai-responses", "anthropic", "openai-chat", "gemini"],
    edit: ['wire_api = "responses"', 'wire_api = "responses"\nsupports_websockets = true'],
    opensSocket: true,
    complaint: /Reconnecting|Falling back/,
  },
  {
    name: "Codex CLI with a list of models",
    page: "docs/clients/codex.md",
    flags: "--sandbox danger-full-access",
    call: codexCall,
    dialects: ["anthropic"],
    edit: [
      'env_key = "POLYGATE_KEY"',
      'auth = { command = "/bin/echo", args = ["your-gateway-key"] }',
    ],
    complaint: /model catalog refresh/,
  },
];

/** Why the agents cannot be installed; undefined when they are. */
async function install(): Promise<string | undefined> {
  const bin = join(folder, "node_modules/.bin");
  if (existsSync(join(bin, "claude")) && existsSync(join(bin, "codex"))) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const options = { cwd: folder, timeout: installTimeoutMs };
  try {
    await promisify(execFile)("npm", ["install", "--ignore-scripts", ...packages], options);
    const script = "node_modules/@anthropic-ai/claude-code/install.cjs";
    await promisify(execFile)(process.execPath, [script], options);
    return undefined;
  } catch (thrown) {
    return `the agents cannot be installed: ${String((thrown as Error).message).slice(0, 300)}`;
  }
}

/** The block of a page that an agent is set up by. */
function blockOf(page: string, language: string): string | undefined {
  const text = readFileSync(page, "utf8");
  return new RegExp(`^\`\`\`${language} agent\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(text)?.[1];
}

/** What went wrong with a session; undefined when nothing did. */
async function sessionOf(agent: Agent, dialect: DialectName): Promise<string | undefined> {
  await using provider = await startProvider(dialect);
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: agent, key: your-gateway-key }] }
providers: { double: { dialect: ${dialect === "openai-chat" ? "openai" : dialect}, base_url: "${provider.url}", api_key: upstream-key } }
routes: { fast: double/double }
`,
  });
  provider.scripts.push({ text: "Let me look", toolCall: agent.call }, { text: "It is marmalade" });
  const home = mkdtempSync(join(tmpdir(), "polygate-agent-"));
  try {
    const here = (text: string) => text.replaceAll("http://localhost:8080", gateway.url);
    const toml = blockOf(agent.page, "toml");
    if (toml !== undefined) {
      mkdirSync(join(home, ".codex"));
      const [from, to] = agent.edit ?? ["", ""];
      if (!toml.includes(from)) return `its page has no ${from}`;
      writeFileSync(join(home, ".codex/config.toml"), here(toml.replace(from, to)));
    }
    mkdirSync(join(home, "work"));
    writeFileSync(join(home, "work/secret.txt"), `${secret}\n`);
    const question = `"What is the word in secret.txt?" ${agent.flags}`;
    const command = here(blockOf(agent.page, "sh") ?? "").replace('"Say hello"', question);
    const { code, output } = await run(command, home);
    const complaint = agent.complaint?.exec(output)?.[0];
    if (complaint !== undefined) return `it said "${complaint}"`;
    const isSocket = gateway.lines.some(({ msg, status }) => msg === "call" && status === 101);
    if (isSocket !== (agent.opensSocket ?? false)) return "it took another way than it was told";
    return problemOf(code, output, provider);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Runs a command in an empty home, without a way to other hosts; it is killed when its time is up. */
async function run(command: string, home: string): Promise<{ code: unknown; output: string }> {
  const nowhere = "http://127.0.0.1:9";
  const child = spawn("/bin/sh", ["-c", command], {
    cwd: join(home, "work"),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      HOME: home,
      PATH: `${join(folder, "node_modules/.bin")}:${process.env.PATH}`,
      TERM: "dumb",
      HTTP_PROXY: nowhere,
      HTTPS_PROXY: nowhere,
      NO_PROXY: "127.0.0.1,localhost",
    },
  });
  let output = "";
  child.stdout.on("data", (piece) => (output += piece));
  child.stderr.on("data", (piece) => (output += piece));
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), sessionTimeoutMs);
  const [code] = await once(child, "close");
  clearTimeout(timer);
  return { code, output };
}

function problemOf(code: unknown, output: string, provider: ProviderDouble): string | undefined {
  if (code !== 0) return `it ended with ${code}:\n${output.slice(-2_000)}`;
  if (!output.includes("It is marmalade"))
    return `it did not say the word:\n${output.slice(-2_000)}`;
  const [first, second, ...more] = provider.received;
  if (first === undefined || second === undefined || more.length > 0) {
    return `the provider was asked ${provider.received.length} times, not twice`;
  }
  if (first.bytes.includes(secret)) return "the secret was known before the tool was called";
  return second.bytes.includes(secret) ? undefined : "the tool's result did not come back";
}

const missing = await install();
let passed = 0;
let failed = 0;
if (missing !== undefined) console.log(`skipped: ${missing}`);
else {
  for (const agent of agents) {
    for (const dialect of agent.dialects) {
      const problem = await sessionOf(agent, dialect);
      if (problem === undefined) passed += 1;
      else failed += 1;
      console.log(`${agent.name} → ${dialect}: ${problem ?? "ok"}`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
