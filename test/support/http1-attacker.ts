/** A client that mostly keeps to the rules of HTTP/1.1, and sometimes bends one. */

import type { Rng } from "#core/rng.ts";
import { below } from "./http2-attacker.ts";

type Choices<T> = readonly [T, ...(readonly T[])];

function pick<T>(rng: Rng, all: Choices<T>): T {
  return all[below(rng, all.length)] ?? all[0];
}

const methods = [
  "GET",
  "POST",
  "PUT",
  "HEAD",
  "OPTIONS",
  "DELETE",
  "QUERY",
  "get",
  "CONNECT",
  "M-SEARCH",
  "FOO",
] as const;
const targets = [
  "/",
  "/a?b=c",
  "/%41//..",
  "*",
  "http://a/b",
  "https://a:8?q",
  "a:80",
  "http://u@a/",
  "/a b",
  "/\\",
  "/#f",
  "",
  "//x",
  "/\xe9",
] as const;
const versions = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "http/1.1",
  "HTTP/1.10",
  "HTTP/ 1.1",
] as const;
const colons = [": ", ": ", ": ", ": ", ":", " : ", "\t:", ":\t ", ""] as const;
const lineEnds = [
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\r\n",
  "\n",
  "\r",
  "\r\r\n",
  "\r\n ",
  "\0\r\n",
] as const;
const fields: Choices<readonly [string, string]> = [
  ["x-a", "1"],
  ["X-A", "two\twords"],
  ["Cookie", "a=b"],
  ["accept", "*/*"],
  ["connection", "close"],
  ["Connection", "keep-alive, Upgrade"],
  ["upgrade", "websocket"],
  ["upgrade", "h2c"],
  ["expect", "100-continue"],
  ["expect", "more"],
  ["host", "b"],
  ["content-length", "3"],
  ["content-length", "03"],
  ["content-length", "+3"],
  ["content-length", "3, 3"],
  ["content-length", "3 "],
  ["content-length", "3 \t"],
  ["content-length", "99999999999999999999"],
  ["Content-Length", ""],
  ["content-length", "0x3"],
  ["transfer-encoding", "chunked"],
  ["Transfer-Encoding", "Chunked"],
  ["transfer-encoding", "chunked, chunked"],
  ["transfer-encoding", "gzip, chunked"],
  ["transfer-encoding", "identity"],
  ["transfer-encoding", "\x0bchunked"],
  ["transfer-encoding", "chunked;q=1"],
  ["transfer-encoding", ""],
  ["transfer-encodin\xe7", "chunked"],
  ["trailer", "x"],
  ["te", "trailers"],
  ["", "nothing"],
  ["a b", "c"],
  ["x", "\xe9\x80"],
  ["x", "a\x01"],
  ["x", "a\x7f"],
];
const bodies = ["", "abc", "abcGET / HTTP/1.1\r\nhost: a\r\n\r\n"] as const;
const chunked = [
  "3\r\nabc\r\n0\r\n\r\n",
  "1;a=b\r\nx\r\n0\r\n\r\n",
  '1;a="b;\\"c"\r\nx\r\n00;z\r\nt: 1\r\n\r\n',
  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
  "0\r\n\r\n",
  "3 \r\nabc\r\n0\r\n\r\n",
  "3\nabc\r\n0\r\n\r\n",
  "3\r\nabc0\r\n\r\n",
  "3\r\nabc\rX0\r\n\r\n",
  "0000000000003\r\nabc\r\n0\r\n\r\n",
  "-1\r\nabc\r\n0\r\n\r\n",
  "0x3\r\nabc\r\n0\r\n\r\n",
  "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
  "3;\r\nabc\r\n0\r\n\r\n",
  "3;a=\r\nabc\r\n0\r\n\r\n",
  "3\r\nabc\r\n0\r\ncontent-length: 3\r\n\r\n",
  "3\r\nabc\r\n0\r\nbad trailer\r\n\r\n",
  "3\r\nabc\r\n0\r\n",
  "3\r\nabc\n0\r\n\r\n",
] as const;
const wild = '\r\n\0\t :;,="\\0aAfG/*#\x0b\x0c\x7f\x80\xa0\xff';

/** One request, whole and often sound. */
function requestFrom(rng: Rng): string {
  const isChunked = rng.next() < 0.4;
  const isOdd = rng.next() < 0.6;
  const odd = <T>(all: Choices<T>, share: number) =>
    isOdd && rng.next() < share ? pick(rng, all) : all[0];
  const end = () => odd(lineEnds, 0.04);
  const line = (name: string, value: string) => `${name}${odd(colons, 0.05)}${value}${end()}`;
  const method = isChunked ? "POST" : pick(rng, methods);
  let text = rng.next() < 0.05 ? "\r\n" : "";
  text += `${method} ${odd(targets, 0.5)} ${odd(versions, 0.3)}${end()}`;
  if (rng.next() < 0.97)
    text += line(
      pick(rng, ["host", "Host", "HOST"]),
      odd(["a", "a:80", "", "[::1]", "a b", "u@a", "a/b"], 0.2),
    );
  for (let count = below(rng, 4); count > 0; count -= 1) {
    const [name, value] = isOdd
      ? pick(rng, fields)
      : pick(rng, [
          ["x-a", "1"],
          ["Cookie", "a=b"],
        ]);
    text += line(name, value);
  }
  if (isChunked) return `${text}${line("transfer-encoding", "chunked")}\r\n${odd(chunked, 0.8)}`;
  const body = method === "POST" || rng.next() < 0.1 ? pick(rng, bodies) : "";
  if (body !== "") text += line("content-length", String(body.length));
  return `${text}${end()}${body}`;
}

/** Changes one place of a text. */
function mutated(rng: Rng, text: string): string {
  const at = below(rng, text.length + 1);
  const other = wild[below(rng, wild.length)] ?? "";
  const dice = rng.next();
  if (dice < 0.4) return text.slice(0, at) + other + text.slice(at + 1);
  if (dice < 0.7) return text.slice(0, at) + other + text.slice(at);
  if (dice < 0.9) return text.slice(0, at) + text.slice(at + 1 + below(rng, 4));
  const length = below(rng, 30);
  return text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
}

/** All that a client sends on one connection: a few requests, perhaps bent. */
export function conversation(rng: Rng): Buffer {
  let text = "";
  for (let count = 1 + below(rng, 3); count > 0; count -= 1) text += requestFrom(rng);
  if (rng.next() < 0.4)
    for (let count = 1 + below(rng, 3); count > 0; count -= 1) text = mutated(rng, text);
  return Buffer.from(text, "latin1");
}
