/** Reads the usage out of a reply whose bytes pass by: of JSON and of events, as far as they are small. Pure. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import type { Frame } from "#dialects/dialect.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { readUsage as readChatUsage } from "#dialects/openai-chat/usage.ts";
import { readUsage as readResponsesUsage } from "#dialects/openai-responses/usage.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";

/** Longer replies, such as images, and longer events go uncounted: they would be held for their usage alone. */
const heldBytesMax = 1024 * 1024;

function usageIn(text: string): Usage | undefined {
  if (!text.includes('"usage"')) return undefined;
  try {
    const reported = new LooseObject(JSON.parse(text)).object("usage");
    return reported.has("input_tokens") ? readResponsesUsage(reported) : readChatUsage(reported);
  } catch {
    return undefined;
  }
}

/** Looks at the pieces of one reply. */
export interface UsageTap {
  push(piece: Uint8Array): void;
  /** What was reported, once the reply has ended. */
  usage(): Usage | undefined;
  /** Events so far, each of which has a token or so; 0 for what comes whole. */
  events(): number;
}

const nothing: UsageTap = { push: () => {}, usage: () => undefined, events: () => 0 };

class JsonTap implements UsageTap {
  #held: GatheredBytes | undefined = new GatheredBytes(heldBytesMax);

  push(piece: Uint8Array): void {
    if (this.#held === undefined) return;
    if (this.#held.length + piece.length > heldBytesMax) this.#held = undefined;
    else this.#held.add(piece);
  }

  usage(): Usage | undefined {
    const bytes = this.#held?.take();
    this.#held = undefined;
    return bytes === undefined ? undefined : usageIn(Buffer.from(bytes).toString());
  }

  events(): number {
    return 0;
  }
}

class EventTap implements UsageTap {
  #frames: ReturnType<typeof frameReader> | undefined = frameReader("sse", heldBytesMax);
  #usage: Usage | undefined;
  #events = 0;

  push(piece: Uint8Array): void {
    try {
      this.#look(this.#frames?.push(piece));
    } catch {
      this.#frames = undefined;
    }
  }

  usage(): Usage | undefined {
    return this.#usage;
  }

  events(): number {
    return this.#events;
  }

  #look(frames: readonly Frame[] = []): void {
    // Usage replaces what was reported before.
    for (const { data } of frames) this.#usage = usageIn(data) ?? this.#usage;
    this.#events += frames.length;
  }
}

/** The tap for a reply of this content type. */
export function usageTap(contentType = ""): UsageTap {
  if (contentType.startsWith("application/json")) return new JsonTap();
  return contentType.startsWith("text/event-stream") ? new EventTap() : nothing;
}
