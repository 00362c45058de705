/** What a request's content type says: which protocol it speaks and in which format its messages are. */

/** Ways of putting a call on HTTP. `connect` is Connect's unary form, without envelopes. */
export type ProtocolName = "grpc" | "grpc-web" | "grpc-web-text" | "connect" | "connect-stream";

/** Formats of messages. */
export type Format = "proto" | "json";

/** A content type that RPC is spoken in. */
export interface RpcType {
  /** As responses name it. */
  readonly text: string;
  readonly protocol: ProtocolName;
  readonly format: Format;
}

const rows: readonly RpcType[] = [
  { text: "application/grpc", protocol: "grpc", format: "proto" },
  { text: "application/grpc+proto", protocol: "grpc", format: "proto" },
  { text: "application/grpc+json", protocol: "grpc", format: "json" },
  { text: "application/grpc-web", protocol: "grpc-web", format: "proto" },
  { text: "application/grpc-web+proto", protocol: "grpc-web", format: "proto" },
  { text: "application/grpc-web+json", protocol: "grpc-web", format: "json" },
  { text: "application/grpc-web-text", protocol: "grpc-web-text", format: "proto" },
  { text: "application/grpc-web-text+proto", protocol: "grpc-web-text", format: "proto" },
  { text: "application/grpc-web-text+json", protocol: "grpc-web-text", format: "json" },
  { text: "application/proto", protocol: "connect", format: "proto" },
  { text: "application/json", protocol: "connect", format: "json" },
  { text: "application/connect+proto", protocol: "connect-stream", format: "proto" },
  { text: "application/connect+json", protocol: "connect-stream", format: "json" },
];

const types: ReadonlyMap<string, RpcType> = new Map(rows.map((row) => [row.text, row]));

const charsetPattern = /;\s*charset\s*=\s*"?([^\s";]*)/;

/** The type that a content-type field names; undefined when it is not one of RPC, or not in UTF-8. */
export function rpcTypeOf(contentType: string | undefined): RpcType | undefined {
  if (contentType === undefined) return undefined;
  return types.get(contentType) ?? looselyTyped(contentType.toLowerCase());
}

function looselyTyped(contentType: string): RpcType | undefined {
  const semicolon = contentType.indexOf(";");
  const charset = charsetPattern.exec(contentType)?.[1] ?? "utf-8";
  if (charset !== "utf-8" && charset !== "utf8") return undefined;
  return types.get((semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim());
}

/** The type of a Connect GET by its `encoding` parameter. */
export function rpcTypeOfEncoding(encoding: string | undefined): RpcType | undefined {
  return encoding === "proto" || encoding === "json"
    ? types.get(`application/${encoding}`)
    : undefined;
}

/** Whether a method of a kind can be called in a type: Connect has one form for unary, one for streams. */
export function fits({ protocol }: RpcType, isUnary: boolean): boolean {
  return protocol === "connect" ? isUnary : protocol !== "connect-stream" || !isUnary;
}

/** Types that a method can be called in, as the Accept-Post field lists them. */
export function typesFor(isUnary: boolean): string {
  return rows
    .filter((row) => fits(row, isUnary))
    .map(({ text }) => text)
    .join(", ");
}
