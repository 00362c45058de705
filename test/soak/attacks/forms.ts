/** Forms of many pairs or parts. */

import type { Attack } from "../attack.ts";
import { type Call, repeatCalls } from "../http1-calls.ts";
import { filledWith, nearlyAllBytes } from "../payloads.ts";

const places = 4;

function form(body: Buffer): Call {
  const type = "application/x-www-form-urlencoded";
  return { path: "/api/v1/chat", headers: { "content-type": type }, body };
}

function multipart(part: string): Call {
  const body = Buffer.concat([filledWith(part, nearlyAllBytes - 10), Buffer.from("--b--\r\n")]);
  const headers = { "content-type": "multipart/form-data; boundary=b" };
  return { path: "/predict/digits", headers, body };
}

function pairs(): Buffer {
  return Buffer.from(Array.from({ length: 900_000 }, (_, index) => `k${index}=1`).join("&"));
}

const forms: Readonly<Record<string, readonly [about: string, make: () => Call]>> = {
  "form-pluses": ["a form of 9.9 million pluses", () => form(filledWith("+"))],
  "form-ampersands": ["a form of 9.9 million ampersands", () => form(filledWith("&"))],
  "form-pairs": ["a form of 900,000 pairs", () => form(pairs())],
  "form-escapes": ["a form of 3.3 million escapes", () => form(filledWith("%41"))],
  "form-repeats": ["a form of 900,000 times the same name", () => form(filledWith("message=a&"))],
  "multipart-parts": [
    "multipart: 190,000 parts",
    () => multipart('--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n'),
  ],
  "multipart-boundaries": ["multipart: 1.9 million boundaries", () => multipart("--b\r\n")],
};

/** Attacks with forms. */
export const formAttacks: readonly Attack[] = Object.entries(forms).map(
  ([name, [about, make]]) => ({
    name,
    about,
    run: (target) => repeatCalls(target, places, [make()]),
  }),
);
