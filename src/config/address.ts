/** Checks texts that name hosts, origins, addresses of cores and databases, and blocks of addresses. Pure. */

import { isIP } from "node:net";
import { z } from "zod";
import { textThat } from "#yaml/scalar.ts";

/** Labels of letters, digits, `-` and `_` (RFC 1123, 2.1; `_` as container networks use it). */
const hostName =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i;

/** An IP address without brackets, or a host name. A text that ends in a number must be an IP address. */
export function isHost(written: string): boolean {
  if (isIP(written) !== 0) return true;
  return hostName.test(written) && !/(^|\.)\d+\.?$/.test(written);
}

/** A setting that takes an IP address or a host name. */
export function host() {
  return textThat("an IP address (IPv6 without brackets) or a host name", isHost);
}

/** A host name, `*.` and one for all below it, or an IP address. */
export function allowedHosts() {
  const isPattern = (written: string) => isHost(written.replace(/^\*\./, ""));
  return z.array(textThat("a host without a port, or one such as *.example.com", isPattern)).min(1);
}

/** `*`, or a scheme and host with nothing after them, such as https://app.example.com:8443. */
export function isOrigin(written: string): boolean {
  return written === "*" || written === URL.parse(written)?.origin;
}

/** Where a core is, whatever it speaks. */
export interface CoreAddress {
  /** http:// or https:// with host and port. */
  readonly origin: string;
  /** Its scheme says that it speaks gRPC. */
  readonly isGrpc: boolean;
}

/**
 * Reads http(s):// with a host and perhaps a port, and grpc(s):// with both; no user, path or query.
 * Undefined for all else.
 */
export function coreAddressOf(written: string): CoreAddress | undefined {
  const isGrpc = /^grpcs?:/i.test(written);
  if (isGrpc && !/:\d+\/?$/.test(written)) return undefined;
  const url = URL.parse(isGrpc ? written.replace(/^grpc/i, "http") : written);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return undefined;
  return url.href === `${url.origin}/` ? { origin: url.origin, isGrpc } : undefined;
}

/** postgres:// or postgresql://, with whatever the database's driver reads from it. */
export function isPostgresUrl(written: string): boolean {
  return ["postgres:", "postgresql:"].includes(URL.parse(written)?.protocol ?? "");
}

/** An IP address, or a block of them such as 10.0.0.0/8. */
export function isAddressBlock(written: string): boolean {
  const [address = "", bits, ...rest] = written.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}
