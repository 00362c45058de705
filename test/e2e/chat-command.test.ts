/** `polygate chat` over a real gateway: words, pipes, images, tools, refusals, interrupts, a terminal. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chat } from "#cli/chat.ts";
import { type RunOptions, runCommand } from "../support/console.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { fromSource } from "../support/polygate-process.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

let provider: ProviderDouble;
let gateway: RunningGateway;
let folder: TemporaryFolder;

beforeAll(async () => {
  provider = await startProvider("openai-chat");
  folder = await temporaryFolder();
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: a, key: the-key-of-this-test }] }
providers:
  openai: { base_url: "${provider.url}/v1", api_key: sk-1, default_model: gpt-4o-mini }
`,
  });
  await folder.write("key", "the-key-of-this-test\n");
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const environment = () => ({
  POLYGATE_URL: gateway.url,
  POLYGATE_API_KEY: "the-key-of-this-test",
});

function run(argv: readonly string[], options: RunOptions = {}) {
  return runCommand(chat, argv, { env: environment(), ...options });
}

/** What the provider was asked last. */
const asked = () => provider.received.at(-1)?.body as { messages: unknown[]; tools?: unknown[] };

describe("one answer", () => {
  test("of words: stdout has the answer and nothing else", async () => {
    provider.script = { text: "Hello there." };
    expect(await run(["-m", "openai", "say", "hello"])).toEqual({
      code: 0,
      out: "Hello there.\n",
      err: "",
    });
    expect(asked().messages).toEqual([{ role: "user", content: "say hello" }]);
  });

  test("what is piped in is the message, or comes behind the words", async () => {
    await run(["-m", "openai"], { piped: "from a pipe\n" });
    expect(asked().messages).toEqual([{ role: "user", content: "from a pipe" }]);
    await run(["-m", "openai", "sum", "up"], { piped: "one\ntwo\n" });
    expect(asked().messages).toEqual([{ role: "user", content: "sum up\n\none\ntwo" }]);
    expect(await run([], { piped: "" })).toMatchObject({
      code: 2,
      err: 'polygate chat: nothing to say (hint: polygate chat "hello")\n',
    });
    expect(await run([], { piped: "x".repeat(1_048_577) })).toMatchObject({
      code: 1,
      err: "stdin: holds more than 1048576 characters, the most of a message\n",
    });
  });

  test("--system, --image and the sampling flags reach the model", async () => {
    const argv = ["-m", "openai", "--system", "Be brief.", "--temperature", "0.5"];
    const image = "models/digits/examples/7.png";
    expect((await run([...argv, "--image", image, "what", "is", "it?"])).code).toBe(0);
    expect(provider.received.at(-1)?.body).toMatchObject({
      temperature: 0.5,
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: expect.arrayContaining([
            { type: "text", text: "what is it?" },
            {
              type: "image_url",
              image_url: expect.objectContaining({
                url: expect.stringMatching(/^data:image\/png;base64,iVBOR/),
              }),
            },
          ]),
        },
      ],
    });
  });

  test("--json writes a line for each piece; the last one has model and usage", async () => {
    const { code, out } = await run(["-m", "openai", "--json", "hi"]);
    const pieces = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(pieces.map(({ delta = "" }) => delta).join("")).toBe(provider.script.text);
    expect(pieces.at(-1)).toMatchObject({ done: true, usage: { total_tokens: 8 } });
  });

  test("--stats tells model, tokens and times on stderr", async () => {
    const { out, err } = await run(["-m", "openai", "--stats", "hi"]);
    expect(out).toBe("Hello there.\n");
    expect(err).toMatch(/^\S+, first text .*, in all .*, tokens 3 \+ 5, \$\S+\n$/);
  });

  test("on a terminal nothing of an answer is obeyed; in a pipe it is as it came", async () => {
    provider.scripts.push({ text: "a\u001b]0;owned\u0007b" }, { text: "a\u001b]0;owned\u0007b" });
    const shown = await run(["-m", "openai", "hi"], { terminals: ["stdout"] });
    expect(shown.out).toBe("a\ufffd]0;owned\ufffdb\n");
    expect((await run(["-m", "openai", "hi"])).out).toBe("a\u001b]0;owned\u0007b\n");
  });
});

describe("tools of the caller", () => {
  const toolCall = { id: "c1", name: "get_weather", arguments: '{"city":"Oslo"}' };

  test("are read as the vendors write them; a call of one is told, and ends the command with 1", async () => {
    await folder.write(
      "tools.json",
      JSON.stringify([
        { type: "function", function: { name: "get_weather", parameters: { type: "object" } } },
        { name: "other", description: "o", input_schema: { type: "object" } },
      ]),
    );
    provider.scripts.push({ text: "", toolCall });
    const argv = ["-m", "openai", "--tool", "tools.json", "weather?"];
    const { code, out, err } = await run(argv, { cwd: folder.path });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^the model waits for tool get_weather\(\{"city":"Oslo"\}\) \(hint: .*\n$/);
    expect(asked().tools).toHaveLength(2);
  });

  test.each([
    ["{", "holds no JSON"],
    ["[{}]", "has a tool without a name"],
  ])("%j is refused by what is wrong", async (written, told) => {
    await folder.write("bad.json", written);
    const outcome = await run(["--tool", "bad.json", "hi"], { cwd: folder.path });
    expect(outcome).toMatchObject({
      code: 2,
      err: expect.stringContaining(`flag --tool: bad.json ${told}`),
    });
  });
});

describe("what goes wrong is one line and an exit code of its own", () => {
  test("a call that fails: 64 and its status code, with reason, field and request", async () => {
    const unknown = await run(["-m", "no-such-model", "hi"]);
    expect(unknown.code).toBe(69);
    expect(unknown.err).toMatch(/^MODEL_UNKNOWN: .*\(hint: `polygate models` .*; request \S+\)\n$/);
    const invalid = await run(["--temperature", "9", "hi"]);
    expect(invalid.code).toBe(67);
    expect(invalid.err).toMatch(/^REQUEST_INVALID: .*temperature.*\n$/);
  });

  test("a gateway that is away: 78, its address and what to do", async () => {
    const server = `http://127.0.0.1:${await freePort()}`;
    expect(await run(["hi", "--server", server])).toEqual({
      code: 78,
      out: "",
      err: `UNAVAILABLE: ${server} does not respond: ECONNREFUSED (hint: start it with \`polygate serve\`, or name another by --server)\n`,
    });
  });

  test.each([
    { argv: ["--modle", "x"], told: "flag --modle: is unknown (hint: did you mean --model?)" },
    { argv: ["--max-tokens", "1.5", "hi"], told: "flag --max-tokens: expected an integer" },
    { argv: ["--server", "ftp://x", "hi"], told: "flag --server: expected an address such as" },
    { argv: ["--server", "http://u:s3cret@x", "hi"], told: "flag --server: holds a credential" },
    { argv: ["--key-file", "none", "hi"], told: "flag --key-file: cannot be read (ENOENT)" },
  ])("$argv is written wrongly: 2", async ({ argv, told }) => {
    const { code, out, err } = await run(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.startsWith(told), err).toBe(true);
    expect(err).not.toContain("s3cret");
  });

  test("a key that cannot be one is refused without being repeated", async () => {
    const env = { ...environment(), POLYGATE_API_KEY: "s3cret\nkey" };
    expect(await run(["hi"], { env })).toMatchObject({
      code: 2,
      err: "environment POLYGATE_API_KEY: expected a key alone, on one line, without spaces\n",
    });
  });

  test("a file that is no image, or not there, is named", async () => {
    const options = { cwd: folder.path };
    expect(await run(["--image", "key", "hi"], options)).toMatchObject({
      code: 1,
      err: "flag --image: key is no image that is known\n",
    });
    expect(await run(["--image", "none.png", "hi"], options)).toMatchObject({
      code: 1,
      err: "flag --image: none.png cannot be read (ENOENT)\n",
    });
  });

  test("an interrupt cancels the call at the provider, and exits with 130", async () => {
    const interrupt = new AbortController();
    const before = provider.abortedAtMs.length;
    provider.delayMs = 60_000;
    const received = provider.received.length;
    const running = run(["-m", "openai", "hi"], { signal: interrupt.signal });
    await expect.poll(() => provider.received.length).toBe(received + 1);
    interrupt.abort();
    expect(await running).toEqual({ code: 130, out: "", err: "" });
    await expect.poll(() => provider.abortedAtMs.length).toBe(before + 1);
    provider.delayMs = 0;
  });
});

describe("as a process", () => {
  const node = () => fromSource("chat", "-m", "openai");

  test("SIGINT exits with 130; a reader that leaves is no failure", async () => {
    const [file = "", ...args] = node();
    provider.delayMs = 60_000;
    const received = provider.received.length;
    const env = { ...process.env, ...environment() };
    const child = spawn(file, [...args, "hi"], { env, stdio: ["ignore", "pipe", "pipe"] });
    await expect.poll(() => provider.received.length, { timeout: 20_000 }).toBe(received + 1);
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
    provider.delayMs = 0;
  }, 40_000);

  testWith(missingProgram("script"))(
    "a terminal has a conversation: it remembers, knows commands, asks for the results of tools, leaves by /quit",
    async () => {
      const [file = "", ...args] = [...node(), "--tool", "tools.json"];
      await folder.write("tools.json", '{"name": "get_weather"}');
      provider.script = { text: "Fine." };
      const toolCall = { id: "c1", name: "get_weather", arguments: "{}" };
      provider.scripts.push({ text: "First." }, { text: "", toolCall });
      const words = [file, ...args].map((word) =>
        word.endsWith(".ts") ? `${process.cwd()}/${word}` : word,
      );
      // A terminal's own echo would stand beside that of the line editor.
      const child = spawn("script", ["-qec", `stty -echo; ${words.join(" ")}`, "/dev/null"], {
        cwd: folder.path,
        env: { ...process.env, ...environment(), NO_COLOR: "1", TERM: "xterm" },
        stdio: ["pipe", "pipe", "pipe"],
      });
      let seen = "";
      child.stdout.on("data", (piece) => {
        seen += piece;
      });
      const say = async (prompt: string, line: string) => {
        const from = seen.length;
        child.stdin.write(`${line}\n`);
        await expect.poll(() => seen.slice(from), { timeout: 20_000 }).toContain(prompt);
      };
      await expect.poll(() => seen, { timeout: 20_000 }).toContain("> ");
      await say("First.", "one");
      await say("did you mean /model?", "/modle");
      await say("its result> ", "two");
      await say("Fine.", "rain");
      const closed = once(child, "close");
      child.stdin.write("/quit\n");
      expect(await closed).toEqual([0, null]);
      expect(asked().messages).toMatchObject([
        { role: "user", content: "one" },
        { role: "assistant", content: "First." },
        { role: "user", content: "two" },
        { role: "assistant", tool_calls: [{ id: "c1" }] },
        { role: "tool", tool_call_id: "c1", content: "rain" },
      ]);
    },
    60_000,
  );
});

test("--help lists every flag, with what holds without it", async () => {
  const { code, out } = await run(["--help"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: polygate chat \[text…\] \[flags\]$/m);
  expect(out).toMatch(/^ {2}-m, --model <name> +model/m);
  expect(out).toMatch(/--server <address> .*\[default http:\/\/127\.0\.0\.1:8080; POLYGATE_URL\]/);
});
