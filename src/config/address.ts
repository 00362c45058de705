/** What counts as an origin, the address of a core, or a block of addresses. Pure. */

import { isIP } from "node:net";

/** `*`, or a scheme and host with nothing behind them, such as https://app.example.com:8443. */
export function isOrigin(written: string): boolean {
  return written === "*" || written === URL.parse(written)?.origin;
}

/** http:// or https:// with a host and perhaps a port; no user, path or query. */
export function isCoreUrl(written: string): boolean {
  const url = URL.parse(written);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return false;
  return url.username === "" && url.password === "" && url.href === `${url.origin}/`;
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
