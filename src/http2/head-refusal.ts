/** Why the head of a request cannot be served, in words that name its field or limit. Pure. */

import { isFieldName } from "#http/field-text.ts";
import { type Field, fieldKind } from "./field.ts";
import type { ConnectionLimits } from "./limits.ts";

/** A response in place of a handler's; the stream is reset after it (RFC 9113 §8.1.1). */
export interface HeadRefusal {
  readonly status: 400 | 431;
  /** Names the field or the limit, and never a value. */
  readonly message: string;
}

/** Names are the peer's words, so only short and sound ones are said again. */
const quotedNameLengthMax = 64;

/** What is wrong with a field by itself: one that is not well-formed. */
export function flawOf({ name, kind }: Field): string {
  switch (kind) {
    case fieldKind.method:
      return ":method: a token is expected";
    case fieldKind.scheme:
      return ":scheme: a scheme is expected";
    case fieldKind.authority:
      return ":authority: a host is expected, and perhaps a port";
    case fieldKind.host:
      return "host: a host is expected, and perhaps a port";
    case fieldKind.path:
      return ":path: a path is expected, in visible ASCII and without a fragment";
    case fieldKind.protocol:
      return ":protocol: a token is expected";
    case fieldKind.status:
      return ":status: a field of responses";
    case fieldKind.te:
      return 'te: "trailers" is all that HTTP/2 knows';
    case fieldKind.contentLength:
      return "content-length: one number of bytes is expected";
    case fieldKind.connectionSpecific:
      return `${name}: a field of HTTP/1.1, which HTTP/2 forbids`;
    case fieldKind.unknownPseudo:
      return `${quoted(name.slice(1), ":")}: there is no such pseudo-header field`;
    case fieldKind.regular:
      if (!isFieldName(name)) return "the name of a field is no token in lower case";
      return `${quoted(name, "")}: a value with control characters, or with a blank at an end`;
  }
}

function quoted(name: string, prefix: string): string {
  const isQuotable = name.length <= quotedNameLengthMax && isFieldName(name);
  return isQuotable ? prefix + name : `a field of ${prefix.length + name.length} characters`;
}

/** A head that breaks a rule. */
export function malformedHead(message: string): HeadRefusal {
  return { status: 400, message };
}

/** A head past its bytes or its fields. */
export function headTooLarge(limits: ConnectionLimits): HeadRefusal {
  const { headerListBytesMax, headerFieldsMax } = limits;
  const message = `the request head exceeds ${headerListBytesMax} bytes or ${headerFieldsMax} fields`;
  return { status: 431, message };
}
