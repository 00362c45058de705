/** The section `uploads`: files that are sent once and named in calls. */

import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { duration, flag, size, text, wholeNumber } from "#yaml/scalar.ts";
import type { CompileContext } from "./compile-context.ts";
import { boolean, type EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { UploadsSettings } from "./settings.ts";

/** The section of the file. */
export const uploads = z.strictObject({
  enabled: flag().prefault(true).describe("Take files at `/v1/upload`; `false` is 404 there."),
  retention: duration("7d").prefault("1h").describe("How long an upload is kept."),
  folder: text()
    .optional()
    .describe(
      "Where uploads lie, relative to the configuration file's folder: as open files without a name, which end with the process. The system's folder for temporary files when absent.",
    ),
  max_size: size("1024GB").prefault("1GB").describe("Bytes of all uploads that are kept."),
  max_size_per_key: size("1024GB")
    .prefault("256MB")
    .describe("Bytes of the uploads of one key; without keys all callers are one."),
  max_files: wholeNumber(1, 100_000)
    .prefault(1000)
    .describe("Uploads that are kept; each is an open file of the process."),
  max_files_per_key: wholeNumber(1, 100_000).prefault(250).describe("Uploads of one key."),
});

type FileUploads = z.output<typeof uploads>;

/** Environment names of the section. */
export const uploadsRows: readonly EnvironmentRow[] = [
  { name: "ENABLE_FILE_UPLOAD", path: ["uploads", "enabled"], value: boolean },
];

/** Its folder must be there; absent where nothing is to be uploaded. */
export function uploadsFrom(
  { enabled, retention, folder: named, ...bounds }: FileUploads,
  { folder, isReadable }: Pick<CompileContext, "folder" | "isReadable">,
  report: Report,
): UploadsSettings | undefined {
  if (!enabled) return undefined;
  const path = named === undefined ? tmpdir() : resolve(folder, named);
  if (named !== undefined && !isReadable(path)) report(["uploads", "folder"], "is not there");
  return {
    folder: path,
    retentionMs: retention,
    limits: {
      all: { files: bounds.max_files, bytes: bounds.max_size },
      perOwner: { files: bounds.max_files_per_key, bytes: bounds.max_size_per_key },
    },
  };
}
