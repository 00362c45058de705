/** An HTTP hook on a real port, which decides as it is told to and keeps what it was asked. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a hook is asked, as it stands on the wire. */
export interface Asked {
  readonly phase: "before" | "after";
  readonly context: Readonly<Record<string, string>>;
  readonly request: {
    readonly modelPreference?: string;
    readonly messages: readonly {
      readonly role: string;
      readonly parts: readonly { readonly text?: { readonly text: string } }[];
    }[];
  };
  readonly response?: {
    readonly parts: readonly { readonly text?: { readonly text: string } }[];
  };
}

/** What it answers: a decision, bytes with a status, or nothing at all. */
export type Reply =
  | { readonly decision: unknown }
  | { readonly status: number; readonly bytes: string | Buffer }
  | "silence";

/** A hook. Disposing of it cuts its connections off. */
export interface HookDouble extends AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[];
  /** Heads of the questions. */
  readonly heads: IncomingMessage["headers"][];
  decide: (asked: Asked) => Reply;
  /** Resolves when the next question that was not answered has been given up. */
  givenUp(): Promise<void>;
  /** Resolves when the next question has come. */
  next(): Promise<Asked>;
}

export const allow: Reply = { decision: { action: "allow" } };

/** All words of a question's response, or of its request's turns. */
export function wordsOf({ request, response }: Asked): string {
  const parts = response?.parts ?? request.messages.flatMap((turn) => turn.parts);
  return parts.map(({ text }) => text?.text ?? "").join("");
}

/** Starts a hook that allows everything. */
export async function startHook(): Promise<HookDouble> {
  const left: (() => void)[] = [];
  const waiting: ((asked: Asked) => void)[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const asked: Asked = JSON.parse(Buffer.concat(pieces).toString());
      double.asked.push(asked);
      double.heads.push(request.headers);
      for (const told of waiting.splice(0)) told(asked);
      const reply = double.decide(asked);
      response.once("close", () => {
        if (!response.writableFinished) for (const told of left.splice(0)) told();
      });
      if (reply === "silence") return;
      const { status, bytes } =
        "decision" in reply ? { status: 200, bytes: JSON.stringify(reply.decision) } : reply;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(bytes);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const double: HookDouble = {
    url: `http://127.0.0.1:${port}/judge`,
    asked: [],
    heads: [],
    decide: () => allow,
    givenUp: () => new Promise((resolve) => left.push(resolve)),
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return double;
}
