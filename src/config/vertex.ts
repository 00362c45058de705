/** A provider on Vertex AI: its account, project and location, from settings, environment and key file. */

import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import type { VertexSettings } from "#backends/llm/provider-settings.ts";
import { readServiceAccount } from "#backends/llm/service-account.ts";
import type { Environment } from "#yaml/source.ts";
import type { Report } from "./report.ts";

/** As the file has it. */
export interface FileVertex {
  readonly project?: string | undefined;
  readonly location?: string | undefined;
  readonly credentials_file?: string | undefined;
}

/** Where the settings come from. */
export interface VertexContext {
  readonly env: Environment;
  /** Absolute; relative paths count from here. */
  readonly folder: string;
  /** Reports at the provider. */
  readonly report: Report;
}

/** Largest key file in bytes; usual ones have about 2 kB. */
const fileBytesMax = 64 * 1024;
/** The default location. */
const locationDefault = "global";
/** Names of projects and locations, which become parts of addresses. */
const isName = (text: string) => /^[a-z0-9][a-z0-9.:-]{0,99}$/.test(text);

/** The account, the project and the location; undefined, and reported, where one of them is missing. */
export function vertexFrom(
  written: FileVertex,
  { env, folder, report }: VertexContext,
): VertexSettings | undefined {
  const file = written.credentials_file ?? env.GOOGLE_APPLICATION_CREDENTIALS;
  const at = ["credentials_file"];
  if (!file) {
    report(
      at,
      "is required",
      "or GOOGLE_APPLICATION_CREDENTIALS: the key file of a service account",
    );
    return undefined;
  }
  const text = textOf(resolve(folder, file));
  const account = text === undefined ? "cannot be read" : readServiceAccount(text);
  if (typeof account === "string") {
    report(at, account, "name the key file (JSON) of a service account");
    return undefined;
  }
  const project = written.project ?? (env.GOOGLE_CLOUD_PROJECT || account.project);
  const location = written.location ?? (env.GOOGLE_CLOUD_LOCATION || locationDefault);
  if (project === "") report(["project"], "is required", "or GOOGLE_CLOUD_PROJECT");
  else if (!isName(project)) report(["project"], "is no name of a project");
  if (!isName(location)) report(["location"], "is no name of a location such as us-central1");
  return { project, location, account };
}

/** Where a location's models are served. */
export function vertexUrl(location: string): string {
  const host = location === locationDefault ? "" : `${location}-`;
  return `https://${host}aiplatform.googleapis.com`;
}

/** The text of a file that is no longer than a key file may be; undefined when there is none. */
function textOf(path: string): string | undefined {
  try {
    const descriptor = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(fileBytesMax + 1);
      const length = readSync(descriptor, bytes, 0, bytes.length, 0);
      return length > fileBytesMax ? undefined : bytes.toString("utf8", 0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
