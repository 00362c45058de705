/** Every response header that the gateway sets, and whether scripts of other origins are to read it. */

/**
 * exposed: named in Access-Control-Expose-Headers; readable: to every script anyway (the Fetch
 * standard's CORS-safelisted response-header names); internal: for the browser or the connection,
 * nothing to a script.
 */
type Reading = "exposed" | "readable" | "internal";

/** One row per header; a test walks the responses of all surfaces and finds no other. */
export const responseHeaders: Readonly<Record<string, Reading>> = {
  // The request entry.
  "x-request-id": "exposed",
  // The provider and the model that answered, and what of the request it did not get.
  "x-polygate-provider": "exposed",
  "x-polygate-model": "exposed",
  "x-polygate-attempts": "exposed",
  "x-polygate-overhead-ms": "exposed",
  "x-polygate-dropped": "exposed",
  // Whether the response had been made for an equal call.
  "x-polygate-cache": "exposed",
  // What the SDKs of model vendors read.
  "request-id": "exposed",
  "retry-after-ms": "exposed",
  "x-should-retry": "exposed",
  // Limits.
  "ratelimit-limit": "exposed",
  "ratelimit-remaining": "exposed",
  "ratelimit-reset": "exposed",
  "retry-after": "exposed",
  "x-ratelimit-limit-requests": "exposed",
  "x-ratelimit-remaining-requests": "exposed",
  "x-ratelimit-reset-requests": "exposed",
  "x-ratelimit-limit-tokens": "exposed",
  "x-ratelimit-remaining-tokens": "exposed",
  "x-ratelimit-reset-tokens": "exposed",
  "anthropic-ratelimit-requests-limit": "exposed",
  "anthropic-ratelimit-requests-remaining": "exposed",
  "anthropic-ratelimit-requests-reset": "exposed",
  "anthropic-ratelimit-tokens-limit": "exposed",
  "anthropic-ratelimit-tokens-remaining": "exposed",
  "anthropic-ratelimit-tokens-reset": "exposed",
  "x-polygate-budget-spent": "exposed",
  // Refusals and redirections.
  allow: "exposed",
  "accept-post": "exposed",
  location: "exposed",
  "www-authenticate": "exposed",
  // Bodies.
  "content-type": "readable",
  "content-length": "readable",
  "content-encoding": "exposed",
  "content-range": "exposed",
  "content-disposition": "exposed",
  "accept-ranges": "exposed",
  etag: "exposed",
  vary: "exposed",
  "cache-control": "readable",
  date: "exposed",
  // Tensors as bytes after the JSON that describes them.
  "inference-header-content-length": "exposed",
  // RPC protocols.
  "grpc-status": "exposed",
  "grpc-message": "exposed",
  "grpc-status-details-bin": "exposed",
  "grpc-encoding": "exposed",
  "grpc-accept-encoding": "exposed",
  "connect-content-encoding": "exposed",
  "connect-accept-encoding": "exposed",
  "accept-encoding": "exposed",
  // The portal's pages and sessions.
  "set-cookie": "internal",
  "cross-origin-opener-policy": "internal",
  "cross-origin-resource-policy": "internal",
  "last-modified": "readable",
  // For proxies, browsers and connections.
  "x-accel-buffering": "internal",
  "content-security-policy": "internal",
  "x-content-type-options": "internal",
  "x-frame-options": "internal",
  "x-xss-protection": "internal",
  "referrer-policy": "internal",
  "permissions-policy": "internal",
  "strict-transport-security": "internal",
  "access-control-allow-origin": "internal",
  "access-control-allow-credentials": "internal",
  "access-control-allow-headers": "internal",
  "access-control-allow-methods": "internal",
  "access-control-expose-headers": "internal",
  "access-control-max-age": "internal",
  connection: "internal",
  "keep-alive": "internal",
  "transfer-encoding": "internal",
};

/** Names of the exposed ones. */
export const exposedHeaders: readonly string[] = Object.entries(responseHeaders).flatMap(
  ([name, reading]) => (reading === "exposed" ? [name] : []),
);
