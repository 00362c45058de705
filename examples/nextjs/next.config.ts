/** The dashboard asks the gateway at the page's own origin: Next passes its services on, so no CORS is needed. */

import type { NextConfig } from "next";

const url = process.env.POLYGATE_URL ?? "http://localhost:8080";
const services = "/polygate.v1.:rest*";

export default {
  rewrites: async () => [{ source: services, destination: `${url}${services}` }],
} satisfies NextConfig;
