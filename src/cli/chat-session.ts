/** A conversation on a terminal: turns, commands that begin with a slash, an interrupt that stops an answer. */

import { createInterface, type Interface } from "node:readline/promises";
import type { Client } from "@connectrpc/connect";
import type { ChatService, ToolCall } from "#gen/polygate/v1/chat_pb.js";
import { isColoured, styleOf } from "#terminal/style.ts";
import { nearest } from "#yaml/nearest.ts";
import { failureOf } from "./asked-failure.ts";
import { type ImageInput, imageFrom } from "./chat-input.ts";
import { type ChatWishes, callText, runTurn, type Turn } from "./chat-turn.ts";
import { exitDone, exitInterrupted } from "./exit-codes.ts";
import type { Console } from "./terminal.ts";

/** What a conversation begins with. */
export interface Opening {
  readonly wishes: ChatWishes;
  readonly turns: readonly Turn[];
  readonly images: readonly ImageInput[];
  readonly stats: boolean;
  /** Where the gateway is. */
  readonly url: string;
}

/** Calls of tools that one message may lead to. */
const callRoundsMax = 16;

const commands: Readonly<Record<string, string>> = {
  "/model": "NAME: ask this model from now on; without a name, show which one",
  "/image": "FILE: show this image with the next message",
  "/system": "TEXT: give the model this instruction; starts a new conversation",
  "/retry": "ask for another answer to the last message",
  "/clear": "begin anew",
  "/help": "this list",
  "/quit": "leave; so does Ctrl-D",
};

/** One conversation. */
class Conversation {
  readonly #client: Client<typeof ChatService>;
  readonly #console: Console;
  readonly #lines: Interface;
  readonly #style;
  readonly #stats: boolean;
  readonly #url: string;
  #wishes: ChatWishes;
  #turns: Turn[];
  #images: ImageInput[];
  /** Ends the answer that is being written. */
  #answering: AbortController | undefined;
  isInterrupted = false;

  constructor(client: Client<typeof ChatService>, opening: Opening, console: Console) {
    this.#client = client;
    this.#console = console;
    this.#wishes = opening.wishes;
    this.#turns = [...opening.turns];
    this.#images = [...opening.images];
    this.#stats = opening.stats;
    this.#url = opening.url;
    this.#style = styleOf(isColoured(console.env, true));
    const { stdin = process.stdin } = console;
    // The line editor reads Ctrl-C itself while it edits, and in raw mode no signal comes.
    this.#lines = createInterface({ input: stdin, output: process.stdout, terminal: true });
    this.#lines.on("SIGINT", () => this.interrupt());
  }

  /** Stops the answer; between answers, leaves. */
  interrupt(): void {
    if (this.#answering !== undefined) {
      this.#answering.abort();
      return;
    }
    this.isInterrupted = true;
    this.#lines.close();
  }

  /** Ends everything at once. */
  close(): void {
    this.#answering?.abort();
    this.#lines.close();
  }

  /** The next line; undefined when there is none any more. */
  async line(prompt: string): Promise<string | undefined> {
    const closed = new Promise<undefined>((resolve) => {
      this.#lines.once("close", () => resolve(undefined));
    });
    const typed = this.#lines.question(this.#style.strong(prompt)).catch(() => undefined);
    return Promise.race([typed, closed]);
  }

  /** Carries out a command. Returns false to leave. */
  async command(typed: string): Promise<boolean> {
    const [word = "", ...others] = typed.split(" ");
    const rest = others.join(" ").trim();
    const { out, err, cwd } = this.#console;
    switch (word) {
      case "/quit":
        return false;
      case "/model":
        if (rest !== "") this.#wishes = { ...this.#wishes, modelPreference: rest };
        out(`model: ${this.#wishes.modelPreference || "left to the gateway"}`);
        return true;
      case "/image":
        this.#take(() => this.#images.push(imageFrom(rest, cwd, "/image")));
        return true;
      case "/system":
        this.#turns = rest === "" ? [] : [{ role: "system", content: rest }];
        return true;
      case "/clear":
        this.#turns = this.#turns.filter(({ role }) => role === "system");
        return true;
      case "/retry":
        await this.#retry();
        return true;
      case "/help":
        for (const [name, what] of Object.entries(commands)) out(`${name.padEnd(9)}${what}`);
        return true;
      default: {
        const meant = nearest(word, Object.keys(commands));
        err(`no command of a conversation${meant ? ` (did you mean ${meant}?)` : ""}: see /help`);
        return true;
      }
    }
  }

  /** Says `content`, and answers calls of the caller's tools with what is typed. */
  async say(content: string): Promise<void> {
    this.#turns.push({ role: "user", content, images: this.#images });
    this.#images = [];
    await this.#answer();
  }

  async #retry(): Promise<void> {
    const at = this.#turns.findLastIndex(({ role }) => role === "user");
    if (at < 0) {
      this.#console.err("nothing was asked yet");
      return;
    }
    this.#turns.length = at + 1;
    await this.#answer();
  }

  async #answer(): Promise<void> {
    for (let round = 0; round < callRoundsMax; round += 1) {
      const calls = await this.#turn();
      if (calls.length === 0) return;
      for (const call of calls) {
        this.#console.err(callText(call));
        const result = await this.line("its result> ");
        if (result === undefined) return;
        this.#turns.push({ role: "tool", toolCallId: call.id, content: result });
      }
    }
  }

  /** One answer; the calls that it asks for. */
  async #turn(): Promise<readonly ToolCall[]> {
    const answering = new AbortController();
    this.#answering = answering;
    try {
      const request = { ...this.#wishes, messages: this.#turns };
      const output = { json: false, stats: this.#stats };
      const { text, openCalls } = await runTurn(this.#client, request, output, {
        console: this.#console,
        signal: answering.signal,
      });
      const toolCalls = openCalls.map(({ id, name, argumentsJson }) => ({
        id,
        name,
        argumentsJson,
      }));
      this.#turns.push({ role: "assistant", content: text, toolCalls });
      return openCalls;
    } catch (thrown) {
      const text = answering.signal.aborted ? "stopped" : failureOf(thrown, this.#url).text;
      this.#console.err(this.#style.bad(text));
      return [];
    } finally {
      this.#answering = undefined;
    }
  }

  #take(read: () => void): void {
    try {
      read();
    } catch (thrown) {
      this.#console.err(failureOf(thrown).text);
    }
  }
}

/** Talks until the user leaves. Returns the exit code: 130 after Ctrl-C at the prompt. */
export async function converse(
  client: Client<typeof ChatService>,
  opening: Opening,
  console: Console,
): Promise<number> {
  const conversation = new Conversation(client, opening, console);
  console.signal.addEventListener("abort", () => conversation.close(), { once: true });
  console.err("A conversation: /help lists the commands, Ctrl-C stops an answer.");
  try {
    for (;;) {
      const typed = await conversation.line("> ");
      if (typed === undefined) return conversation.isInterrupted ? exitInterrupted : exitDone;
      const said = typed.trim();
      if (said === "") continue;
      if (!said.startsWith("/")) await conversation.say(said);
      else if (!(await conversation.command(said))) return exitDone;
    }
  } finally {
    conversation.close();
  }
}
