/** What REST can do, for programs and for people: /openapi.json and the documentation page. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { packageFile } from "#core/package-file.ts";
import type { PageResponse, Pages } from "#entry/pages.ts";
import { FixedBody } from "#exchange/fixed-body.ts";
import type { DocumentFacts } from "./openapi-document.ts";

/** The page takes nothing from elsewhere, and may call nothing but this gateway. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A page that stays as it is once somebody asked for it, however many ask at once; clients may keep it. */
function fixedPage(contentType: string, write: () => string | Promise<string>) {
  const made = async (): Promise<PageResponse> => {
    const body = new FixedBody(await write());
    const headers = {
      // Weak: it stands for the page in every coding.
      etag: `W/"${createHash("sha256").update(body.bytes).digest("base64url")}"`,
      "cache-control": "no-cache",
      "content-security-policy": contentSecurityPolicy,
    };
    return { status: 200, contentType, body, headers };
  };
  let answer: Promise<PageResponse> | undefined;
  return (): Promise<PageResponse> => {
    answer ??= made().catch((error: unknown) => {
      // The next one may find the file that this one did not.
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** The files of the documentation page. */
function webPages(): Pages {
  const pages = readdirSync(packageFile("web/docs")).map((name) => {
    const file = packageFile(`web/docs/${name}`);
    const page = fixedPage(contentTypes[extname(name)] ?? "", () => readFileSync(file, "utf8"));
    return [name === "docs.html" ? "/docs" : `/docs/${name}`, page] as const;
  });
  return Object.fromEntries(pages);
}

/** /openapi.json, and the files of /docs. */
export function docsPages(facts: DocumentFacts): Pages {
  const document = async () => {
    const { openApiDocumentInTurns } = await import("./openapi-document.ts");
    return JSON.stringify(await openApiDocumentInTurns(facts));
  };
  return { "/openapi.json": fixedPage("application/json", document), ...webPages() };
}
