/** The paths of the portal, and what each takes: one table, which the surface asks and a test walks. */

/** What is at a path. */
export type PortalPlace = "session" | "rpc" | "page" | "start" | "monitoring";

/** One kind of path. */
interface PortalRow {
  readonly place: PortalPlace;
  readonly methods: readonly string[];
  /** Anybody may read it, for it tells nothing; all else is refused to other pages, and asks who calls. */
  readonly isOpen: boolean;
}

const readMethods = ["GET", "HEAD"] as const;

/** Every path that the portal has begins with one of these, and has the first row that fits. */
export const portalRows: readonly (PortalRow & {
  readonly path: string;
  readonly isWhole: boolean;
})[] = [
  {
    ...{ path: "/portal/session", isWhole: true, place: "session", isOpen: false },
    methods: ["GET", "POST", "DELETE"],
  },
  {
    ...{ path: "/portal/rpc/", isWhole: false, place: "rpc", isOpen: false },
    methods: ["GET", "POST"],
  },
  { path: "/portal/", isWhole: false, place: "page", isOpen: true, methods: readMethods },
  { path: "/portal", isWhole: true, place: "start", isOpen: true, methods: readMethods },
  { path: "/monitoring", isWhole: true, place: "monitoring", isOpen: true, methods: readMethods },
];

/** The row of a path; undefined for one that is not the portal's. */
export function portalRow(path: string): PortalRow | undefined {
  // Most paths are others'.
  if (!(path.startsWith("/portal") || path === "/monitoring")) return undefined;
  return portalRows.find((row) => (row.isWhole ? path === row.path : path.startsWith(row.path)));
}
