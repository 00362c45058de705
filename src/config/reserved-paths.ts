/** Paths that the gateway serves itself: a metrics page there would hide another answer. Pure. */

/** Pages, and REST bindings without variables; a test holds them to what is served. */
const reserved: ReadonlySet<string> = new Set([
  "/livez",
  "/readyz",
  "/status",
  "/docs",
  "/openapi.json",
  "/api/v1/chat",
  "/v1/chat",
  "/v1/query",
  "/api/v1/models",
  "/models",
  "/api/v1/health",
  "/health",
  "/healthz",
  "/stats",
  "/api/monitoring/performance",
]);

/** Whether something else than metrics is served at this path. */
export function isReserved(path: string): boolean {
  return reserved.has(path) || path.startsWith("/docs/");
}
