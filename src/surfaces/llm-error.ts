/** Errors in the format of each vendor's API. */

import type { ConnectError } from "@connectrpc/connect";
import type { WrittenError } from "#dialects/dialect.ts";
import type { HeaderList } from "#exchange/exchange.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { LlmFamily } from "./llm-paths.ts";

const jsonType = ["content-type", "application/json"] as const;

/** An error in the format of a family, as its clients read it. */
export function errorOf(
  { dialect }: LlmFamily,
  error: ConnectError,
  { requestId }: CallRecord,
): { readonly status: number; readonly fields: HeaderList; readonly body: string } {
  const { status, headers, body }: WrittenError = dialect.writeError(error, requestId);
  const others = headers.filter(([name]) => name !== "x-request-id");
  const fields = [...metadataFields(error.metadata), ...others, jsonType];
  return { status, fields, body: JSON.stringify(body) };
}
