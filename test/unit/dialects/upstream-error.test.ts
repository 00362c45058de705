/** What a provider's error means, where its status alone does not say. */

import { describe, expect, test } from "vitest";
import { retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";
import { reasonOf } from "#errors/fault.ts";

describe("a refusal of what was asked", () => {
  test.each([
    [
      400,
      "content_policy_violation",
      "Your request was rejected as a result of our safety system.",
    ],
    [400, "content_filter", "The response was filtered"],
    [400, "invalid_request_error", "Output blocked by content filtering policy"],
    [400, "", "The prompt triggered Azure OpenAI's content management policy"],
    [403, "", "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"],
  ])("is told from a bad request and a bad key: %s %s %s", (status, code, message) => {
    expect(reasonOf(upstreamFault({ status, code, message }))).toBe("CONTENT_POLICY_REFUSED");
  });

  test.each([
    [400, "invalid_request_error", "messages: content is required", "BACKEND_REJECTED"],
    [403, "permission_error", "Your key may not use this", "BACKEND_CREDENTIAL"],
    [500, "", "content policy service failed", "BACKEND_FAILED"],
    [400, "", "This model's maximum context length is 8192 tokens", "CONTEXT_WINDOW_EXCEEDED"],
  ])("is not seen where there is none: %s %s %s", (status, code, message, reason) => {
    expect(reasonOf(upstreamFault({ status, code, message }))).toBe(reason);
  });
});

describe("the wait that a provider asks for", () => {
  const day = 86_400_000;
  test.each<[string, Record<string, string>, number | undefined]>([
    ["milliseconds come before seconds", { "retry-after-ms": "1500", "retry-after": "9" }, 1_500],
    ["seconds", { "retry-after": "7" }, 7_000],
    ["fractions of seconds", { "retry-after": "0.5" }, 500],
    [
      "a date counts from the response's own, whatever the gateway's clock says",
      { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:30 GMT" },
      30_000,
    ],
    [
      "a date that is over",
      { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:00:00 GMT" },
      0,
    ],
    [
      "a date without another beside it",
      { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" },
      undefined,
    ],
    ["more than a day", { "retry-after": "1e12" }, day],
    ["less than nothing", { "retry-after": "-1" }, undefined],
    ["no number", { "retry-after": "soon" }, undefined],
    ["nothing", { "retry-after": "" }, undefined],
  ])("%s", (_name, headers, expected) => {
    expect(retryAfterMsOf({ status: 429, headers, body: "" })).toBe(expected);
  });
});
