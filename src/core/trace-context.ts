/** W3C Trace Context (level 1): which trace a request belongs to, as fields say it and as they are passed on. */

/** What names a span. */
export interface SpanName {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
}

/** A span, as it is sent to whoever is called from within it. */
export class TraceContext implements SpanName {
  readonly traceId: string;
  readonly spanId: string;
  /** It is recorded, and so should be what is called. */
  readonly isSampled: boolean;
  /** What other tracing systems passed along: `tracestate`, unread. */
  readonly state: string | undefined;

  constructor({ traceId, spanId }: SpanName, isSampled: boolean, state?: string) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.isSampled = isSampled;
    this.state = state;
  }

  /** What passes it on to whoever is called: fields of HTTP, which in gRPC's metadata have the same names. */
  fields(): readonly TraceField[] {
    const flags = this.isSampled ? "01" : "00";
    const parent = ["traceparent", `00-${this.traceId}-${this.spanId}-${flags}`] as const;
    return this.state === undefined ? [parent] : [parent, ["tracestate", this.state]];
  }
}

/** A field that passes a context on. */
export type TraceField = readonly [name: "traceparent" | "tracestate", value: string];

/** Version, trace, parent, flags; later versions may have more after these. */
const traceparent = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const noId = /^0+$/;
/** Longest field that is looked at, in characters: those of later versions included. */
const parentLengthMax = 128;

/** A parent, as `traceparent` names it; undefined for a field that is absent or none. */
export function parentOf(
  field: string | undefined,
): (SpanName & { readonly isSampled: boolean }) | undefined {
  if (field === undefined || field.length > parentLengthMax) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] = traceparent.exec(field) ?? [];
  if (version === undefined || version === "ff" || noId.test(traceId) || noId.test(spanId)) {
    return undefined;
  }
  if (version === "00" && more !== undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** What W3C asks everybody to pass on, at least, in characters. */
const stateLengthMax = 512;
const printable = /^[ -~]+$/;

/** `tracestate` as it is passed on; undefined for what is absent, too long, or no text of a field. */
export function stateOf(field: string | undefined): string | undefined {
  if (field === undefined || field.length > stateLengthMax) return undefined;
  return printable.test(field) ? field : undefined;
}
