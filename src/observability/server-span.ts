/** The spans of one request, while it is served: its own, and one for each try. They are written down when it has ended. */

import type { RandomIds } from "#core/random-ids.ts";
import { type SpanName, TraceContext, type TraceField } from "#core/trace-context.ts";

/** A model's part in a try. */
export interface GenAiFacts {
  /** Such as chat. */
  readonly operation: string;
  readonly provider: string;
  readonly responseModel?: string | undefined;
  readonly input?: number | undefined;
  readonly output?: number | undefined;
  readonly finishReason?: string | undefined;
}

/** The span of a try that is sampled. */
export class TrySpan extends TraceContext {
  genAi?: GenAiFacts;
  /** It was sent to another process; else the try happened in this one. */
  isTold = false;

  override fields(): readonly TraceField[] {
    this.isTold = true;
    return super.fields();
  }
}

/** How the span of a request began. */
export interface SpanStart {
  /** The span that it belongs to; absent: it is the first of its trace. */
  readonly parentId?: string | undefined;
  /** A context that came with the request and is not trusted. */
  readonly link?: SpanName | undefined;
  readonly ids: RandomIds;
  /** Path of the request, bounded, without its query. */
  readonly path: string;
  readonly isEncrypted: boolean;
  /** Media type of the request, which tells the RPC protocols apart. */
  readonly contentType: string | undefined;
}

/** The span of a request. */
export class ServerSpan extends TraceContext {
  /** Undefined where it is not sampled: then nothing is recorded. */
  readonly start: SpanStart | undefined;

  constructor(
    name: SpanName,
    { state, start }: { readonly state: string | undefined; readonly start?: SpanStart },
    isSampled = start !== undefined,
  ) {
    super(name, isSampled, state);
    this.start = start;
  }

  /** A try that begins, as it is sent to whoever is asked; what is not sampled has none of its own. */
  try(): TraceContext {
    if (this.start === undefined) return this;
    return new TrySpan({ traceId: this.traceId, spanId: this.start.ids.next() }, true, this.state);
  }

  /** Another call of the same request: it has the same parent. */
  again(): ServerSpan {
    const { start, state, traceId } = this;
    if (start === undefined) return this;
    return new ServerSpan({ traceId, spanId: start.ids.next() }, { state, start });
  }
}
