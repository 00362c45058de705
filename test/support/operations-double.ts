/** What a provider double answers to operations of OpenAI's API beside chat: it keeps files and batches, and sees what comes. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProviderFault } from "./provider-fault.ts";

/** Events that are sent before the connection breaks, by a fault. */
const brokenAfter = new WeakMap<ServerResponse, number>();

/** A request of an operation as it came. */
export interface ReceivedOperation {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The body; of one that was not read to its end, what was read. */
  bytes: Buffer;
  /** Fields of a form: texts as they are, files by their length. */
  fields: Record<string, unknown>;
  /** Its client left before the end. */
  isAborted: boolean;
}

/** The operations of one double. */
export interface OperationsDouble {
  readonly received: ReceivedOperation[];
  /** Objects by id, as they are listed: the newest first. */
  readonly files: Map<string, { readonly object: object; readonly content: Buffer }>;
  readonly batches: Map<string, object>;
  /** Uploads with the parts that each has. */
  readonly uploads: Map<string, { readonly object: object; readonly parts: Set<string> }>;
  /**
   * Bytes of speech; said again and again when told so: until the client leaves, or so many times as
   * fast as it reads, when `onSaid` is told.
   */
  speech: {
    readonly bytes: Buffer;
    readonly isEndless?: boolean;
    readonly times?: number;
    onSaid?(count: number): void;
  };
  /** Awaited before each piece of a body is read on. */
  onPiece(count: number): Promise<void> | void;
  /** Paths that the provider does not know. */
  readonly unknown: Set<string>;
  /** Serves what it knows, the next of `faults` included; false for all else. */
  serve(request: IncomingMessage, response: ServerResponse, faults: ProviderFault[]): boolean;
}

const families =
  /^\/(completions|images|audio|moderations|rerank|files|batches|uploads|responses\/compact)(\/|\?|$)/;

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function events(response: ServerResponse, frames: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const count = brokenAfter.get(response);
  if (count !== undefined) setTimeout(() => response.destroy(), 20);
  for (const frame of frames.slice(0, count)) {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    response.write(`data: ${data}\n\n`);
  }
  if (count === undefined) response.end();
}

function speak(
  response: ServerResponse,
  { bytes, isEndless = false, times, onSaid }: OperationsDouble["speech"],
): void {
  const type = {
    "content-type": "audio/mpeg",
    "content-disposition": `attachment; filename="\u00e9.mp3"`,
  };
  if (!isEndless && times === undefined) {
    response.writeHead(200, { ...type, "content-length": bytes.length });
    response.end(bytes);
    return;
  }
  response.writeHead(200, type);
  if (times !== undefined) {
    let said = 0;
    const say = () => {
      while (said < times) {
        said += 1;
        onSaid?.(bytes.length);
        if (!response.write(bytes)) {
          response.once("drain", say);
          return;
        }
      }
      response.end();
    };
    say();
    return;
  }
  const again = setInterval(() => response.write(bytes), 5);
  response.once("close", () => clearInterval(again));
}

function missing(response: ServerResponse, what: string): void {
  const error = { message: `No such ${what}`, type: "invalid_request_error", param: "id" };
  json(response, { error: { ...error, code: null } }, 404);
}

async function fieldsOf({ headers, bytes }: ReceivedOperation): Promise<Record<string, unknown>> {
  const type = headers["content-type"] ?? "";
  if (type.startsWith("application/json")) return JSON.parse(bytes.toString());
  if (!type.startsWith("multipart/form-data")) return {};
  const form = await new Response(new Uint8Array(bytes), {
    headers: { "content-type": type },
  }).formData();
  return Object.fromEntries(
    [...form].map(([name, value]) => [name, typeof value === "string" ? value : value.size]),
  );
}

/** The part of a list behind `after`, in OpenAI's form. */
function page(objects: readonly object[], query: URLSearchParams): unknown {
  const ids = objects.map((one) => (one as { id: string }).id);
  const from = ids.indexOf(query.get("after") ?? "") + 1;
  const data = objects.slice(from, from + Number(query.get("limit") ?? 20));
  return { object: "list", data, has_more: from + data.length < objects.length };
}

/** The operations of a new double. */
export function operationsDouble(): OperationsDouble {
  let made = 0;
  const received: ReceivedOperation[] = [];

  const answer = async (seen: ReceivedOperation, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(seen.path, "http://double");
    const { fields } = seen;
    const [, family = "", id = "", verb = ""] = pathname.split("/");
    if (double.unknown.has(pathname)) return json(response, { detail: "Not Found" }, 404);
    const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
    const asked = `${seen.method} ${id === "" || family === "audio" || family === "images" ? pathname : `/${family}/{id}${verb === "" ? "" : `/${verb}`}`}`;
    switch (asked) {
      case "POST /completions": {
        const choice = (text: string) => ({ id: "cmpl-1", choices: [{ index: 0, text }] });
        if (fields.stream !== true) return json(response, { ...choice("Once upon"), usage });
        return events(response, [
          choice("Once"),
          choice(" upon"),
          { ...choice(""), usage },
          "[DONE]",
        ]);
      }
      case "POST /responses/{id}":
        return json(response, {
          id: "resp_c1",
          object: "response.compaction",
          created_at: 1,
          output: [{ type: "compaction", id: "cmp_1", encrypted_content: "c2hvcnQ=" }],
          usage: {
            input_tokens: 3,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 5,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 8,
          },
        });
      case "POST /images/generations":
      case "POST /images/edits":
        return json(response, { created: 1, data: [{ b64_json: "aGk=" }], saw: fields });
      case "POST /audio/speech":
        if (fields.stream_format === "sse") {
          return events(response, [{ type: "speech.audio.done", usage }]);
        }
        speak(response, double.speech);
        return;
      case "POST /audio/transcriptions":
      case "POST /audio/translations":
        if (fields.stream === "true") {
          return events(response, [
            { type: "transcript.text.delta", delta: "Hello" },
            { type: "transcript.text.done", text: "Hello", usage },
          ]);
        }
        return json(response, { text: "Hello", saw: fields });
      case "POST /moderations":
        return json(response, { id: "m-1", model: fields.model ?? "own-default", results: [] });
      case "POST /rerank":
        return json(response, { results: [{ index: 1, relevance_score: 0.5 }], saw: fields });
      case "POST /files": {
        made += 1;
        const object = {
          id: `file-up${made}`,
          object: "file",
          purpose: fields.purpose,
          bytes: 1.0,
        };
        double.files.set(object.id, { object, content: Buffer.from(`content of ${object.id}`) });
        return json(response, object);
      }
      case "GET /files":
        return json(
          response,
          page([...double.files.values()].map(({ object }) => object).reverse(), searchParams),
        );
      case "GET /files/{id}":
      case "GET /files/{id}/content":
      case "DELETE /files/{id}": {
        const file = double.files.get(id);
        if (file === undefined) return missing(response, "File");
        if (verb === "content") {
          response.writeHead(200, { "content-type": "application/octet-stream" });
          response.end(file.content);
          return;
        }
        if (seen.method === "GET") return json(response, file.object);
        double.files.delete(id);
        return json(response, { id, object: "file", deleted: true });
      }
      case "POST /batches": {
        const input = String(fields.input_file_id);
        if (!double.files.has(input)) return missing(response, "File");
        made += 1;
        const output = { id: `file-out${made}`, object: "file", purpose: "batch_output" };
        double.files.set(output.id, { object: output, content: Buffer.from("results") });
        const object = {
          id: `batch_up${made}`,
          object: "batch",
          status: "validating",
          input_file_id: input,
          output_file_id: output.id,
          error_file_id: null,
          metadata: fields.metadata ?? null,
        };
        double.batches.set(object.id, object);
        return json(response, object);
      }
      case "GET /batches":
        return json(response, page([...double.batches.values()].reverse(), searchParams));
      case "GET /batches/{id}":
      case "POST /batches/{id}/cancel": {
        const batch = double.batches.get(id);
        if (batch === undefined) return missing(response, "Batch");
        return json(response, verb === "cancel" ? { ...batch, status: "cancelling" } : batch);
      }
      case "POST /uploads": {
        made += 1;
        const object = { id: `upload_up${made}`, object: "upload", status: "pending", file: null };
        double.uploads.set(object.id, { object: { ...object, ...fields }, parts: new Set() });
        return json(response, double.uploads.get(object.id)?.object);
      }
      case "POST /uploads/{id}/parts": {
        const upload = double.uploads.get(id);
        if (upload === undefined) return missing(response, "Upload");
        made += 1;
        upload.parts.add(`part_up${made}`);
        return json(response, { id: `part_up${made}`, object: "upload.part", upload_id: id });
      }
      case "POST /uploads/{id}/complete": {
        const upload = double.uploads.get(id);
        if (upload === undefined) return missing(response, "Upload");
        const parts = fields.part_ids as string[];
        if (!parts.every((part) => upload.parts.has(part))) return missing(response, "Part");
        made += 1;
        const file = { id: `file-up${made}`, object: "file", purpose: "batch" };
        double.files.set(file.id, { object: file, content: Buffer.from(parts.join()) });
        return json(response, { ...upload.object, status: "completed", file });
      }
      case "POST /uploads/{id}/cancel": {
        const upload = double.uploads.get(id);
        if (upload === undefined) return missing(response, "Upload");
        return json(response, { ...upload.object, status: "cancelled" });
      }
      default:
        return json(response, { error: { message: `Invalid URL (${asked})` } }, 404);
    }
  };

  const double: OperationsDouble = {
    received,
    files: new Map(),
    batches: new Map(),
    uploads: new Map(),
    speech: { bytes: Buffer.from("RIFF speech") },
    onPiece: () => {},
    unknown: new Set(),
    serve(request, response, faults) {
      const { method = "", url: path = "", headers } = request;
      if (!families.test(path)) return false;
      const seen: ReceivedOperation = {
        method,
        path,
        headers,
        bytes: Buffer.alloc(0),
        fields: {},
        isAborted: false,
      };
      received.push(seen);
      response.once("close", () => {
        seen.isAborted = !response.writableFinished;
      });
      void (async () => {
        if (faults[0]?.kind === "early") {
          faults.shift();
          return json(response, { error: { message: "Go away" } }, 400);
        }
        const pieces: Buffer[] = [];
        try {
          for await (const piece of request) {
            pieces.push(piece as Buffer);
            await double.onPiece((piece as Buffer).length);
          }
        } catch {
          seen.isAborted = true;
          return;
        }
        seen.bytes = Buffer.concat(pieces);
        seen.fields = await fieldsOf(seen);
        const fault = faults.shift();
        if (fault?.kind === "status") return json(response, fault.body ?? {}, fault.status);
        if (fault?.kind === "stall") return;
        if (fault?.kind === "reset_after") brokenAfter.set(response, fault.frames);
        await answer(seen, response);
      })();
      return true;
    },
  };
  return double;
}
