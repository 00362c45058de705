/** The page that every path of the portal begins with, told where it stands; and what stands there while it is not built. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A page to be sent. */
export interface PortalPage {
  readonly status: number;
  readonly html: string;
  readonly etag?: string;
}

/** What the built page has in the place of its base. */
const builtBase = '<base href="./">';

/**
 * The way from a path beneath `/portal/` up to it: links of the page are relative to that, so that a proxy
 * may put any prefix before them.
 */
function baseOf(rest: string): string {
  return "../".repeat(rest.split("/").length - 1) || "./";
}

/** Whether the portal is built. */
export function isBuilt(folder: string): boolean {
  return existsSync(join(folder, "index.html"));
}

const notBuilt = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The portal is not built</title>
</head>
<body>
<h1>The portal is not built</h1>
<p>In a clone of the repository <code>npm start</code> builds it, and so does <code>npm run build:portal</code>; then
load this page again. The published package and the image have it built.</p>
<p>The gateway serves calls all the same.</p>
</body>
</html>
`;

/** The page for a path beneath `/portal/`. */
export async function portalPage(folder: string, rest: string): Promise<PortalPage> {
  let built: string;
  try {
    built = await readFile(join(folder, "index.html"), "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    return { status: 503, html: notBuilt };
  }
  const html = built.replace(builtBase, `<base href="${baseOf(rest)}">`);
  const digest = createHash("sha256").update(html).digest("base64url");
  return { status: 200, html, etag: `W/"${digest}"` };
}
