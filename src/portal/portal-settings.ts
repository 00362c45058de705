/** What is configured of the portal. */

/** The portal: its pages, and how long its sessions are good for. */
export interface PortalSettings {
  /** Absolute path of the folder with its built pages. */
  readonly folder: string;
  /** How long a session may last in all. */
  readonly sessionMaxMs: number;
  /** How long it lasts when nobody asks for it. */
  readonly sessionIdleMs: number;
  /** What sessions are sealed with where no secret signs tokens; absent: a random one of this process. */
  readonly secret?: string;
}
