/** A client's own credential for a vendor: what travels in the vendor's headers and is not the gateway's. Pure. */

/** A credential and the header that it came in; `bearer` is `authorization`. */
export interface VendorCredential {
  readonly header: "bearer" | "x-api-key" | "x-goog-api-key";
  readonly value: string;
}

/** The header of the gateway's own key, for clients whose vendor's headers carry the vendor's. */
export const gatewayKeyHeader = "x-polygate-key";

/** What the vendors' headers carry, the first that is there. */
function carried(header: Headers): VendorCredential | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(header.get("authorization") ?? "")?.[1];
  if (bearer !== undefined) return { header: "bearer", value: bearer };
  for (const name of ["x-api-key", "x-goog-api-key"] as const) {
    const value = header.get(name);
    if (value !== null && value !== "") return { header: name, value };
  }
  return undefined;
}

/**
 * The vendor's credential among a call's headers; a promise where `isGatewayKey` gives one. Where callers
 * need a key, these are the vendor's only if the gateway's own stands in `x-polygate-key`; a key of the
 * gateway is none, whatever it stands in.
 */
export function vendorCredentialOf(
  header: Headers,
  isNeeded: boolean,
  isGatewayKey: (credential: string) => boolean | Promise<boolean>,
): VendorCredential | undefined | Promise<VendorCredential | undefined> {
  if (isNeeded && !header.has(gatewayKeyHeader)) return undefined;
  const found = carried(header);
  if (found === undefined) return undefined;
  const own = (isOurs: boolean) => (isOurs ? undefined : found);
  const isOurs = isGatewayKey(found.value);
  return isOurs instanceof Promise ? isOurs.then(own) : own(isOurs);
}
