/** What goes into a chat: words and stdin, images, tools; each read within its bound. */

import { fstatSync, readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { signatureType } from "#core/file-type.ts";
import type { ImagePartSchema, ToolDefinitionSchema } from "#gen/polygate/v1/chat_pb.js";
import { LocalError, UsageError } from "./asked-failure.ts";
import type { Console } from "./terminal.ts";

/** Longest message, in characters; the proto's own bound. */
const messageLengthMax = 1_048_576;
/** Largest image, in bytes; the proto's own bound. */
const imageBytesMax = 64 * 1024 * 1024;
/** Largest file with definitions of tools. */
const toolsBytesMax = 1024 * 1024;

/** An image of a turn. */
export type ImageInput = MessageInitShape<typeof ImagePartSchema>;

/** A tool of the caller. */
export type ToolInput = MessageInitShape<typeof ToolDefinitionSchema>;

/** Something is piped in: a terminal, or a device such as /dev/null, has nothing to read. */
export function isPiped({ stdin, terminals }: Pick<Console, "stdin" | "terminals">): boolean {
  if (stdin === undefined || terminals.includes("stdin")) return false;
  if (!("fd" in stdin) || typeof stdin.fd !== "number") return true;
  const facts = fstatSync(stdin.fd);
  return facts.isFIFO() || facts.isFile() || facts.isSocket();
}

/** All that is piped in, without the line end after it. */
export async function pipedText({ stdin, signal }: Console): Promise<string> {
  if (stdin === undefined) return "";
  let text = "";
  const decoder = new TextDecoder();
  const destroy = () => stdin.destroy();
  signal.addEventListener("abort", destroy, { once: true });
  for await (const piece of stdin) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > messageLengthMax) {
      throw new LocalError(
        `stdin: holds more than ${messageLengthMax} characters, the most of a message`,
      );
    }
  }
  signal.removeEventListener("abort", destroy);
  return (text + decoder.decode()).replace(/\r?\n$/, "");
}

/** What goes wrong with a file, in one line. */
function readWithin(where: string, file: string, bytesMax: number): Buffer {
  try {
    const facts = statSync(file);
    if (!facts.isFile()) throw new LocalError(`${where}: ${basename(file)} is no file`);
    if (facts.size > bytesMax) {
      throw new LocalError(`${where}: ${basename(file)} is larger than ${bytesMax} bytes`);
    }
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof LocalError) throw thrown;
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : "unknown";
    throw new LocalError(`${where}: ${basename(file)} cannot be read (${code})`);
  }
}

/** An image from a file. */
export function imageFrom(name: string, cwd: string, where = "flag --image"): ImageInput {
  const data = readWithin(where, resolve(cwd, name), imageBytesMax);
  const mediaType = signatureType(data);
  if (mediaType?.startsWith("image/") !== true) {
    throw new LocalError(`${where}: ${basename(name)} is no image that is known`);
  }
  return { data, mediaType };
}

interface WrittenTool {
  readonly name?: unknown;
  readonly description?: unknown;
  readonly parameters?: unknown;
  readonly input_schema?: unknown;
  readonly function?: WrittenTool;
}

/** The tools of a JSON file: one, or a list, as OpenAI or Anthropic write them. */
export function toolsFrom(name: string, cwd: string): readonly ToolInput[] {
  const text = readWithin("flag --tool", resolve(cwd, name), toolsBytesMax).toString();
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw new UsageError(`flag --tool: ${basename(name)} holds no JSON`);
  }
  return [written].flat().map((one) => {
    const outer = (one ?? {}) as WrittenTool;
    const tool = outer.function ?? outer;
    if (typeof tool.name !== "string") {
      throw new UsageError(
        `flag --tool: ${basename(name)} has a tool without a name (hint: {"name", "description", "parameters"})`,
      );
    }
    const schema = tool.parameters ?? tool.input_schema;
    return {
      name: tool.name,
      description: typeof tool.description === "string" ? tool.description : "",
      parametersJson: schema === undefined ? "" : JSON.stringify(schema),
    };
  });
}
