/** The events of a response as texts of a WebSocket, and what of them its next turn goes on from. Pure. */

import type { Frame } from "#dialects/dialect.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { isObject, type Json } from "#dialects/json-object.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { joinedItems } from "./response-chain.ts";

/** Kinds of items whose identifiers mean something to a provider that has kept them, and to no one else. */
const namedKinds: ReadonlySet<unknown> = new Set([
  "message",
  "reasoning",
  "function_call",
  "custom_tool_call",
]);

/** An item of a response as a later request says it; undefined for thoughts that cannot be sent again. */
function saidAgain(item: Json): Json | undefined {
  if (!namedKinds.has(item.type)) return item;
  if (item.type === "reasoning" && typeof item.encrypted_content !== "string") return undefined;
  const { id, status, ...rest } = item;
  return rest;
}

const itemEvent = "response.output_item.done";
/** Events that end a response which can be gone on from. */
const wholeEvents: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);

/** Adds members to a JSON object in front of its own. */
export function withMembers(json: string, members: Json): string {
  const added = JSON.stringify(members).slice(1, -1);
  const own = json.slice(1).trimStart();
  if (added === "") return json;
  return own.startsWith("}") ? `{${added}${own}` : `{${added},${own}`;
}

/** Reads the text of a stream of events as its surface writes it, or as a provider does. */
export class ResponseEvents {
  readonly #frames = frameReader("sse");
  readonly #itemsBytesMax: number;
  /** Items of the response, as a later request says them; undefined once they are too many. */
  #items: string | undefined = "";
  /** Of a response that is whole. */
  #id = "";

  /** `itemsBytesMax`: bytes of the items that are gathered; of more there is nothing to go on from. */
  constructor(itemsBytesMax: number) {
    this.#itemsBytesMax = itemsBytesMax;
  }

  /** The events that are whole now, each a JSON object. */
  read(text: string | Uint8Array): string[] {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const frames = this.#frames.push(bytes);
    for (const frame of frames) this.#look(frame);
    return frames.map(({ data }) => data).filter((data) => data.startsWith("{"));
  }

  /** What a later turn goes on from; undefined where there is nothing. */
  get kept(): { readonly id: string; readonly items: string } | undefined {
    if (this.#id === "" || this.#items === undefined) return undefined;
    return { id: this.#id, items: this.#items };
  }

  #look({ event, data }: Frame): void {
    const isItem = event === undefined ? data.includes(itemEvent) : event === itemEvent;
    const isWhole =
      event === undefined
        ? /"response\.(?:completed|incomplete)"/.test(data)
        : wholeEvents.has(event);
    if (!isItem && !isWhole) return;
    const told = new LooseObject(JSON.parse(data));
    if (told.text("type") === itemEvent) this.#add(told.raw("item"));
    else if (wholeEvents.has(told.text("type"))) this.#id = told.object("response").text("id");
  }

  #add(item: unknown): void {
    const said = isObject(item) ? saidAgain(item) : undefined;
    if (said === undefined || this.#items === undefined) return;
    const items = joinedItems(this.#items, JSON.stringify(said));
    this.#items = Buffer.byteLength(items) > this.#itemsBytesMax ? undefined : items;
  }
}
