/** One turn of a chat: the request goes out, the response is written as it comes. */

import { type MessageInitShape, toJson } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import {
  type ChatMessageSchema,
  type ChatRequestSchema,
  type ChatService,
  type StreamChatResponse,
  StreamChatResponseSchema,
  type ToolCall,
} from "#gen/polygate/v1/chat_pb.js";
import { dollarText, msText } from "#terminal/figures.ts";
import { isColoured, type Style, styleOf } from "#terminal/style.ts";
import { printable, printableLines } from "#terminal/text-table.ts";
import type { Console } from "./terminal.ts";

/** A turn as the proto has it. */
export type Turn = MessageInitShape<typeof ChatMessageSchema>;

/** What all turns of a conversation share. */
export type ChatWishes = Omit<MessageInitShape<typeof ChatRequestSchema>, "messages" | "$typeName">;

/** How a turn is written. */
export interface TurnOutput {
  /** One JSON object a line, instead of text. */
  readonly json: boolean;
  /** Model, tokens, cost and times, after the text. */
  readonly stats: boolean;
}

/** What a turn came to. */
export interface TurnOutcome {
  readonly text: string;
  /** Calls of tools that the caller is to run. */
  readonly openCalls: readonly ToolCall[];
}

/** Writes what comes: text to stdout, all else to stderr. */
class TurnWriter {
  readonly #console: Console;
  readonly #output: TurnOutput;
  readonly #style: Style;
  readonly #startedMs = performance.now();
  #firstMs: number | undefined;
  #text = "";

  constructor(console: Console, output: TurnOutput) {
    this.#console = console;
    this.#output = output;
    this.#style = styleOf(isColoured(console.env, console.terminals.includes("stderr")));
  }

  get text(): string {
    return this.#text;
  }

  take(piece: StreamChatResponse): void {
    if (piece.delta !== "") this.#firstMs ??= performance.now() - this.#startedMs;
    this.#text += piece.delta;
    if (this.#output.json) {
      this.#console.out(JSON.stringify(pieceOf(piece)));
      return;
    }
    for (const call of piece.toolCalls) this.#tell(callText(call));
    if (piece.delta !== "") this.#console.write("stdout", this.#shown(piece.delta));
    if (piece.done) this.#end(piece);
  }

  /** Ends the line of what was written so far. */
  endLine(): void {
    if (!this.#output.json && this.#text !== "" && !this.#text.endsWith("\n")) {
      this.#console.write("stdout", "\n");
    }
  }

  /** A terminal obeys what it is written; a program gets the text as it is. */
  #shown(text: string): string {
    return this.#console.terminals.includes("stdout") ? printableLines(text) : text;
  }

  #tell(line: string): void {
    const { terminals, err } = this.#console;
    if (terminals.includes("stderr") || this.#output.stats) err(this.#style.faint(line));
  }

  #end(last: StreamChatResponse): void {
    this.endLine();
    if (last.finishReason !== "" && !/^(stop|tool_calls)$/.test(last.finishReason)) {
      this.#console.err(
        this.#style.bad(`the response ended early: ${printable(last.finishReason)}`),
      );
    }
    if (!this.#output.stats) return;
    const totalMs = performance.now() - this.#startedMs;
    const { promptTokens = 0, completionTokens = 0 } = last.usage ?? {};
    const facts = [
      printable(last.modelUsed),
      ...(this.#firstMs === undefined ? [] : [`first text ${msText(this.#firstMs)}`]),
      `in all ${msText(totalMs)}`,
      `tokens ${promptTokens} + ${completionTokens}`,
      dollarText(last.cost),
    ];
    this.#console.err(this.#style.faint(facts.join(", ")));
  }
}

/** A piece as JSON; what is empty is left out, for most of a piece is. */
function pieceOf(piece: StreamChatResponse) {
  return toJson(StreamChatResponseSchema, piece, { useProtoFieldName: true });
}

/** A call of a tool on one line, with its result where the gateway has run it. */
export function callText({ name, argumentsJson, result }: ToolCall): string {
  const call = `tool ${name}(${argumentsJson})`;
  return printable(result === "" ? call : `${call} = ${result}`);
}

/** Asks, and writes the response. Rejects with what the call failed by; what came before is written. */
export async function runTurn(
  client: Client<typeof ChatService>,
  request: MessageInitShape<typeof ChatRequestSchema>,
  output: TurnOutput,
  { console, signal }: { readonly console: Console; readonly signal: AbortSignal },
): Promise<TurnOutcome> {
  const writer = new TurnWriter(console, output);
  const openCalls: ToolCall[] = [];
  try {
    for await (const piece of client.streamChat(request, { signal, timeoutMs: 0 })) {
      writer.take(piece);
      openCalls.push(...piece.toolCalls.filter(({ result }) => result === ""));
    }
  } catch (thrown) {
    writer.endLine();
    throw thrown;
  }
  return { text: writer.text, openCalls };
}
