/** The opening handshake of a WebSocket (RFC 6455 §4): its proof, its subprotocol, and a browser's credential. */

import { createHash } from "node:crypto";
import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";

/** RFC 6455, 1.3: what proves that a server understood the handshake. */
const handshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const subprotocolField = "sec-websocket-protocol";

/**
 * Subprotocols that may be asked for, which a browser needs to be answered: `json` names what is
 * spoken anyway, and the entry after `bearer` is the caller's key, for pages have no other field to
 * put one into.
 */
const subprotocols = ["bearer", "json"] as const;

/** What a handshake tells of whoever calls, as an exchange does. */
export type HandshakeSource = Pick<
  Exchange,
  "method" | "target" | "authority" | "peer" | "signal" | "onGone" | "header" | "headers"
>;

/** What a client offers. */
interface Offer {
  /** The subprotocol to answer with. */
  readonly name?: string;
  readonly key?: string;
}

function offerOf(upgrade: Upgrade): Offer {
  const entries = (upgrade.header(subprotocolField) ?? "").split(",").map((entry) => entry.trim());
  const bearer = entries.indexOf("bearer");
  const key = bearer < 0 ? undefined : entries[bearer + 1];
  const name = subprotocols.find((known) => entries.includes(known));
  return { ...(name === undefined ? {} : { name }), ...(key ? { key } : {}) };
}

/** The fields that accept a handshake. Throws REQUEST_INVALID for what is none of version 13. */
export function acceptanceOf(upgrade: Upgrade): HeaderList {
  const key = upgrade.header("sec-websocket-key") ?? "";
  const isWebSocket =
    upgrade.header("upgrade")?.toLowerCase() === "websocket" && upgrade.method === "GET";
  const version = upgrade.header("sec-websocket-version");
  if (!isWebSocket || version !== "13" || !/^[\w+/]{22}==$/.test(key)) {
    throw fault("REQUEST_INVALID", "upgrade: expected a WebSocket handshake of version 13");
  }
  const proof = createHash("sha1")
    .update(key + handshakeGuid)
    .digest("base64");
  const { name } = offerOf(upgrade);
  return [
    ["upgrade", "websocket"],
    ["sec-websocket-accept", proof],
    ...(name === undefined ? [] : [[subprotocolField, name] as const]),
  ];
}

/**
 * The same for each of many calls on one connection: what a handshake said is read once, and outlives
 * it. The signal is the call's own.
 */
export function repeatedSource(upgrade: Upgrade): (signal: AbortSignal) => HandshakeSource {
  const source = callSourceOf(upgrade, new AbortController().signal);
  const { method, target, authority, peer } = source;
  const fields = [...source.headers()].map(([name, value]) => [name, value] as const);
  const byName = new Map(fields.map(([name]) => [name, source.header(name)]));
  return (signal) => ({
    ...{ method, target, authority, peer, signal },
    onGone: (listener) => onAbort(signal, listener),
    header: (name) => byName.get(name),
    headers: () => fields,
  });
}

/**
 * The handshake as the beginning of a call, which the signal ends. A key among the subprotocols is
 * an Authorization field, unless there is one, and is shown nowhere else.
 */
export function callSourceOf(upgrade: Upgrade, signal: AbortSignal): HandshakeSource {
  const { method, target, authority, peer } = upgrade;
  const { key } = offerOf(upgrade);
  const sent = upgrade.header("authorization");
  const authorization = key === undefined ? sent : (sent ?? `Bearer ${key}`);
  return {
    ...{ method, target, authority, peer, signal },
    onGone: (listener) => onAbort(signal, listener),
    header(name) {
      if (name === "authorization") return authorization;
      return name === subprotocolField ? undefined : upgrade.header(name);
    },
    *headers() {
      for (const field of upgrade.headers()) if (field[0] !== subprotocolField) yield field;
      if (sent === undefined && authorization !== undefined) yield ["authorization", authorization];
    },
  };
}
