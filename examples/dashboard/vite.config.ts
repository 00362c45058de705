/** Passes the gateway's services on, so that the page and the gateway have one origin. */

import { defineConfig } from "vite";

const target = process.env.POLYGATE_URL ?? "http://127.0.0.1:8080";
const proxy = { "^/polygate\\.v1\\.": { target } };

export default defineConfig({ server: { proxy }, preview: { proxy } });
