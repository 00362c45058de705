/** The request that carries spans which are encoded already: what stands around them, written once. */

import { toBinary } from "@bufbuild/protobuf";
import { packageVersion } from "#core/version.ts";
import {
  ResourceSpansSchema,
  ScopeSpansSchema,
  type Span,
} from "#gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { encoderOf } from "#protobuf/encoder.ts";
import { Attributes } from "./attributes.ts";
import { schemaUrl } from "./names.ts";

/** Fields of ExportTraceServiceRequest and ResourceSpans that hold what is written here. */
const resourceSpansField = 1;
const scopeSpansField = 2;
const lengthDelimited = 2;

/** The tag of a field and the length of what follows. */
function prefixOf(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | lengthDelimited];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

const encodeScope = encoderOf(ScopeSpansSchema);

function scopeSpans(spans: Span[]) {
  return { $typeName: "opentelemetry.proto.trace.v1.ScopeSpans", spans, schemaUrl: "" } as const;
}

/** Spans as ScopeSpans has them: written one after the other such messages are one, by the rules of protobuf. */
export function encodedSpans(spans: Span[]): Uint8Array {
  return encodeScope(scopeSpans(spans), 0);
}

/** Makes requests for one resource. */
export class ExportRequests {
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;

  constructor(resource: Readonly<Record<string, string>>) {
    const attributes = new Attributes();
    for (const [key, value] of Object.entries(resource)) attributes.text(key, value);
    this.#resource = toBinary(ResourceSpansSchema, {
      $typeName: "opentelemetry.proto.trace.v1.ResourceSpans",
      resource: {
        $typeName: "opentelemetry.proto.resource.v1.Resource",
        attributes: attributes.list,
        droppedAttributesCount: attributes.dropped,
        entityRefs: [],
      },
      scopeSpans: [],
      schemaUrl,
    });
    this.#scope = toBinary(ScopeSpansSchema, {
      ...scopeSpans([]),
      scope: {
        $typeName: "opentelemetry.proto.common.v1.InstrumentationScope",
        name: "polygate",
        version: packageVersion,
        attributes: [],
        droppedAttributesCount: 0,
      },
      schemaUrl,
    });
  }

  /** An ExportTraceServiceRequest, after so many bytes that are left to the caller. */
  of(spans: readonly Uint8Array[], headroomBytes = 0): Buffer {
    const scoped = [this.#scope, ...spans];
    const scopePrefix = prefixOf(scopeSpansField, lengthOf(scoped));
    const inner = [this.#resource, scopePrefix, ...scoped];
    const prefix = prefixOf(resourceSpansField, lengthOf(inner));
    return Buffer.concat([new Uint8Array(headroomBytes), prefix, ...inner]);
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
