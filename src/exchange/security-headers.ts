/** Response fields that tell browsers what a response may do: lists made once, and shared by all responses. */

import type { HeaderList } from "./exchange.ts";

/** A response that is data loads nothing, runs nothing and stands in no frame. Pages bring a policy of their own. */
const dataPolicy =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What no page of the gateway uses. */
const permissionsPolicy = [
  "accelerometer",
  "camera",
  "display-capture",
  "geolocation",
  "gyroscope",
  "magnetometer",
  "microphone",
  "midi",
  "payment",
  "usb",
]
  .map((feature) => `${feature}=()`)
  .join(", ");

/** Fields of responses over HTTP, which a browser would not believe `strict-transport-security` of. */
export const securityHeaders: HeaderList = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["x-xss-protection", "1; mode=block"],
  ["content-security-policy", dataPolicy],
  ["referrer-policy", "strict-origin-when-cross-origin"],
  ["permissions-policy", permissionsPolicy],
];

/** Whether the client of a request came by HTTPS, to this port or to a proxy before it; until `sharedFields` is set anew. */
export function cameByHttps({
  sharedFields,
}: {
  readonly sharedFields: HeaderList | undefined;
}): boolean {
  return sharedFields === secureHeaders;
}

/** Fields of responses whose client came by HTTPS. */
export const secureHeaders: HeaderList = [
  ...securityHeaders,
  ["strict-transport-security", "max-age=63072000; includeSubDomains; preload"],
];
