/** `polygate chat`: one answer, or a conversation on a terminal. */

import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type AskedCommand, runAsked } from "./asked-command.ts";
import { LocalError, UsageError } from "./asked-failure.ts";
import type { Flags, HelpRow } from "./asked-gateway.ts";
import { imageFrom, isPiped, pipedText, toolsFrom } from "./chat-input.ts";
import { type ChatWishes, callText, runTurn, type Turn } from "./chat-turn.ts";
import { exitDone } from "./exit-codes.ts";
import type { Console } from "./terminal.ts";

const repeats = true;
const rows = [
  { name: "model", short: "m", value: "name", description: "model, alias, route or provider" },
  {
    name: "system",
    value: "text",
    description: "instructions for the model, before the conversation",
  },
  {
    name: "image",
    short: "i",
    value: "file",
    repeats,
    description: "image to send with the message",
  },
  { name: "tools", description: "let the core use its own tools" },
  { name: "tool", value: "file", repeats, description: "JSON that defines your own tools" },
  { name: "temperature", value: "number", description: "0 to 2" },
  { name: "max-tokens", value: "number", description: "maximum number of tokens to write" },
  { name: "session", value: "id", description: "groups calls of one session" },
  { name: "stats", description: "print model, tokens, cost and times on stderr" },
] as const satisfies readonly HelpRow[];

function numberFrom(flags: Flags, name: string): number | undefined {
  const written = flags.get(name)?.[0];
  if (written === undefined) return undefined;
  const number = Number(written);
  if (Number.isFinite(number)) return number;
  throw new UsageError(`flag --${name}: expected a number`);
}

function wholeFrom(flags: Flags, name: string): number | undefined {
  const number = numberFrom(flags, name);
  if (number === undefined || Number.isInteger(number)) return number;
  throw new UsageError(`flag --${name}: expected an integer`);
}

/** What the flags wish for all turns. */
function wishesFrom(flags: Flags, cwd: string): ChatWishes {
  const temperature = numberFrom(flags, "temperature");
  const maxTokens = wholeFrom(flags, "max-tokens");
  return {
    modelPreference: flags.get("model")?.[0] ?? "",
    sessionId: flags.get("session")?.[0] ?? "",
    useTools: flags.has("tools"),
    tools: (flags.get("tool") ?? []).flatMap((name) => toolsFrom(name, cwd)),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  };
}

/** What the flags begin a conversation with. */
function firstTurns(flags: Flags): readonly Turn[] {
  const system = flags.get("system")?.[0];
  return system === undefined ? [] : [{ role: "system", content: system }];
}

/** The message: the words, and what is piped in after them. */
async function messageFrom(words: readonly string[], console: Console): Promise<string> {
  const piped = isPiped(console) ? await pipedText(console) : "";
  const message = [words.join(" "), piped].filter((text) => text !== "").join("\n\n");
  if (message !== "") return message;
  throw new UsageError('polygate chat: nothing to say (hint: polygate chat "hello")');
}

const command: AskedCommand<Console> = {
  rows,
  async run({ gateway, flags, words, terminal }) {
    const client = gateway.client(ChatService);
    const wishes = wishesFrom(flags, terminal.cwd);
    const images = (flags.get("image") ?? []).map((name) => imageFrom(name, terminal.cwd));
    const json = flags.has("json");
    const { terminals, signal } = terminal;
    const isTyped = terminals.includes("stdin") && terminals.includes("stdout");
    if (words.length === 0 && isTyped && !json) {
      const { converse } = await import("./chat-session.ts");
      const stats = flags.has("stats");
      const opening = { wishes, turns: firstTurns(flags), images, stats, url: gateway.url };
      return converse(client, opening, terminal);
    }
    const content = await messageFrom(words, terminal);
    const messages = [...firstTurns(flags), { role: "user", content, images }];
    const output = { json, stats: flags.has("stats") };
    const asked = { console: terminal, signal };
    const { openCalls } = await runTurn(client, { ...wishes, messages }, output, asked);
    const [open] = openCalls;
    if (open === undefined || json) return exitDone;
    const hint = "a conversation on a terminal asks for the result; --json prints the call";
    throw new LocalError(`the model waits for ${callText(open)} (hint: ${hint})`);
  },
};

/** Returns the exit code. */
export function chat(argv: readonly string[], console: Console): Promise<number> {
  return runAsked("chat [text…]", command, argv, console);
}

/** Its flags. */
export const chatRows = rows;
