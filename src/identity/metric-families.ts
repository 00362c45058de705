/** The metrics of identity: how current the keys of an issuer are. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function identityFamilies({ counter, gauge }: Pick<Makers, "counter" | "gauge">) {
  const jwksFetched = gauge(
    "gateway_jwks_fetched_timestamp_seconds",
    "When the JWK set that tokens are verified by was fetched, in seconds since 1970; its age is time() less this.",
    [],
    "min",
  );
  // Until a set is there no time would be right.
  jwksFetched.remove();
  return {
    jwksFetched,
    jwksFetches: counter(
      "gateway_jwks_fetches_total",
      "Requests for the JWK set of the issuer, by result: ok or failed.",
      ["result"],
    ),
    jwksKeys: gauge("gateway_jwks_keys", "Keys of the JWK set that may verify tokens.", [], "max"),
  };
}
