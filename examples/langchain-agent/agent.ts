/** An agent whose language model and whose tool, a model that reads digits, are behind one gateway. */

import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import { z } from "zod";

const url = process.env.POLYGATE_URL ?? "http://localhost:8080";
const apiKey = process.env.POLYGATE_KEY ?? "none";

const readDigit = tool(
  async ({ file }: { file: string }) => {
    const form = new FormData();
    form.set("file", await openAsBlob(file), basename(file));
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${url}/predict/digits`, { method: "POST", headers, body: form });
    // What fails is told to the model, which may try another file.
    return await response.text();
  },
  {
    name: "read_digit",
    description: "Tells which digit is on a picture, with scores.",
    schema: z.object({ file: z.string().describe("Path of the picture") }),
  },
);

const agent = createAgent({
  model: new ChatOpenAI({
    model: process.env.POLYGATE_MODEL ?? "default",
    apiKey,
    configuration: { baseURL: `${url}/v1` },
    // The gateway tries again itself.
    maxRetries: 0,
  }),
  tools: [readDigit],
});

const question = process.argv.slice(2).join(" ");
const { messages } = await agent.invoke({ messages: [{ role: "user", content: question }] });
console.log(messages.at(-1)?.text);
