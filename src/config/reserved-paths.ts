/** Paths that the gateway serves itself: what is put there would hide another answer, or be hidden. Pure. */

const pages: ReadonlySet<string> = new Set([
  "/",
  "/livez",
  "/readyz",
  "/status",
  "/docs",
  "/openapi.json",
  "/favicon.ico",
  "/favicon.svg",
]);

/** REST bindings without variables; a test holds them to what is served. */
const bindings: ReadonlySet<string> = new Set([
  "/api/v1/chat",
  "/v1/chat",
  "/v1/query",
  "/api/v1/embeddings",
  "/api/v1/models",
  "/models",
  "/api/v1/health",
  "/health",
  "/healthz",
  "/stats",
  "/api/monitoring/performance",
  "/api/v1/forecast",
  "/api/v1/history",
  "/api/load-balancing",
  "/api/load-balancing/select",
  "/api/v1/routing/decisions",
  "/api/v1/backends",
  "/api/v1/requests",
]);

/** Whether a page is served at this path. */
export function isPage(path: string): boolean {
  return pages.has(path) || path.startsWith("/docs/");
}

/** Whether something else than metrics is served at this path. */
export function isReserved(path: string): boolean {
  return isPage(path) || bindings.has(path);
}
