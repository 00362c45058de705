/** Methods that are served: those that node:http knows, so that both engines take the same. */

import { codeAt } from "#core/code-at.ts";

/** What CONNECT asks for is a proxy. */
export const connectMethod = "CONNECT";

const methods: ReadonlySet<string> = new Set(
  (
    "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY " +
    "MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND " +
    "REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE"
  ).split(" "),
);
/** Those of nearly all requests. */
const usual = ["POST", "GET"];

/** No method is longer. */
export const methodBytesMax = 11;

/** Whether it is one of them; CONNECT is. */
export function isKnownMethod(method: string): boolean {
  return methods.has(method);
}

/** The method in `bytes` from `start` to `end`; undefined when no one knows it. */
export function methodAt(bytes: Buffer, start: number, end: number): string | undefined {
  for (const method of usual) if (isAt(method, bytes, start, end)) return method;
  const text = bytes.toString("latin1", start, end);
  return isKnownMethod(text) ? text : undefined;
}

function isAt(text: string, bytes: Buffer, start: number, end: number): boolean {
  const { length } = text;
  if (length !== end - start) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[start + index] !== codeAt(text, index)) return false;
  }
  return true;
}
