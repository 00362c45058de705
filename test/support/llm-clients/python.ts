/** SDKs in Python, each in a process that `client.py` runs. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { missingPythonPackage, python } from "../needs.ts";
import { type Ask, type GatewayAddress, type LlmClient, png, type Reply } from "./client.ts";

/** What is missing for the clients of OpenAI and Anthropic, if anything. */
export const missingForPython = missingPythonPackage("openai") ?? missingPythonPackage("anthropic");

/** What is missing for those of Google and LangChain beside that, if anything. */
export function missingForMorePython(): string | undefined {
  return (
    missingForPython ??
    missingPythonPackage("google.genai") ??
    missingPythonPackage("langchain_openai") ??
    missingPythonPackage("langchain_anthropic") ??
    missingPythonPackage("langchain_google_genai")
  );
}

/** What the process tells of a call. */
interface Line {
  readonly id: number;
  readonly piece?: true;
  readonly reply?: Omit<Reply, "answer"> & { readonly history: unknown };
  readonly failure?: { readonly status: number | null; readonly message: string };
}

/** An error of a Python SDK. */
class PythonFailure extends Error {
  readonly status: number | undefined;

  constructor({ status, message }: { status: number | null; message: string }) {
    super(message);
    this.status = status ?? undefined;
  }
}

/** A call that is under way. */
interface Waiting {
  readonly onPiece: (() => void) | undefined;
  resolve(line: NonNullable<Line["reply"]>): void;
  reject(error: Error): void;
}

/** A process that makes many calls at one time. */
class PythonProcess {
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcessWithoutNullStreams | undefined;
  #errors = "";
  #calls = 0;

  #started(): ChildProcessWithoutNullStreams {
    if (this.#child !== undefined) return this.#child;
    const child = spawn(python, ["-B", new URL("client.py", import.meta.url).pathname]);
    this.#child = child;
    process.once("exit", () => child.kill());
    child.stderr.on("data", (piece) => {
      this.#errors = `${this.#errors}${piece}`.slice(-2_000);
    });
    createInterface(child.stdout).on("line", (text) => this.#take(JSON.parse(text)));
    child.once("exit", () => {
      const ended = new Error(`Python ended: ${this.#errors}`);
      for (const { reject } of this.#waiting.values()) reject(ended);
    });
    return child;
  }

  #take({ id, piece, reply, failure }: Line): void {
    const waiting = this.#waiting.get(id);
    if (piece === true) {
      waiting?.onPiece?.();
      return;
    }
    this.#waiting.delete(id);
    if (reply !== undefined) waiting?.resolve(reply);
    else waiting?.reject(new PythonFailure(failure ?? { status: null, message: "nothing told" }));
  }

  close(): void {
    this.#child?.stdin.end();
  }

  call(task: object, onPiece?: () => void): Promise<NonNullable<Line["reply"]>> {
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { onPiece, resolve, reject });
      this.#started().stdin.write(`${JSON.stringify({ id, ...task })}\n`);
    });
  }
}

function client(
  name: string,
  face: LlmClient["face"],
  api: string,
  more: Pick<LlmClient, "hidesThoughts" | "losesState" | "streamedTokens"> = {},
): LlmClient {
  const processOf = new PythonProcess();
  const ask = async (
    { url, key }: GatewayAddress,
    { signal, onPiece, ...wanted }: Ask,
    history?: unknown,
    result?: string,
  ): Promise<Reply> => {
    const leaves = signal !== undefined;
    const task = { api, url, key, png, ask: wanted, leaves, history, result };
    const reply = await processOf.call(task, onPiece);
    return {
      ...reply,
      answer: (text) => ask({ url, key }, wanted, reply.history, text),
    };
  };
  return {
    name: `Python's ${name}`,
    face,
    ...more,
    ask: (gateway, wanted) => ask(gateway, wanted),
    close: () => processOf.close(),
    statusOf: (thrown) => (thrown instanceof PythonFailure ? thrown.status : undefined),
  };
}

/** The clients of OpenAI and Anthropic. */
export const pythonClients: readonly LlmClient[] = [
  client("openai, chat completions", "openai-chat", "chat"),
  client("openai, Responses", "openai-responses", "responses"),
  client("anthropic", "anthropic", "messages"),
];

/** Those of Google and LangChain, which bring many packages of their own. */
export const morePythonClients: readonly LlmClient[] = [
  client("google-genai", "gemini", "google_sdk:generate"),
  client("LangChain, ChatOpenAI", "openai-chat", "langchain_sdk:openai_chat", {
    hidesThoughts: true,
    losesState: ["openai-responses", "anthropic", "gemini"],
  }),
  client("LangChain, ChatOpenAI, Responses", "openai-responses", "langchain_sdk:openai_responses"),
  client("LangChain, ChatAnthropic", "anthropic", "langchain_sdk:anthropic", {
    // It takes what a stream says last for all of it; of Anthropic's streams the double's end tells what was written alone.
    streamedTokens: (dialect) => (dialect === "anthropic" ? 5 : 8),
  }),
  client("LangChain, ChatGoogleGenerativeAI", "gemini", "langchain_sdk:google"),
];
