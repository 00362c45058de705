/** Images for attacks: small files that are large pictures, or say so. */

import sharp from "sharp";
import type { Attack } from "../attack.ts";
import { type Call, repeatCalls } from "../http1-calls.ts";

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

/** Pictures that are refused by their size, or are none. */
async function refused(): Promise<Buffer[]> {
  const large = black(12_000);
  const png = await large.clone().png().toBuffer();
  return [
    png,
    claiming(png, 16, Buffer.from("7fffffff7fffffff", "hex")),
    await large.clone().webp({ lossless: true, effort: 0 }).toBuffer(),
    await large.clone().tiff({ compression: "deflate" }).toBuffer(),
    await large.clone().jpeg({ progressive: true }).toBuffer(),
    ...gifs(),
    ...svgs(),
  ];
}

/** Pictures of the most pixels that are taken, in the ways that cost most memory. */
async function atLimit(): Promise<Buffer[]> {
  const large = black(8000);
  const whole = black(4000);
  const tile = { tile: true, tileWidth: 4096, tileHeight: 4096 };
  return [
    await whole.clone().avif({ effort: 0 }).toBuffer(),
    await whole.clone().webp({ lossless: true, effort: 0 }).toBuffer(),
    await whole.clone().gif().toBuffer(),
    await large
      .clone()
      .tiff({ compression: "deflate", ...tile })
      .toBuffer(),
    await large.clone().toColourspace("scrgb").tiff({ compression: "deflate" }).toBuffer(),
    await large.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    await large.clone().toColourspace("rgb16").png().toBuffer(),
  ];
}

function callsWith(files: readonly Buffer[]): Call[] {
  return files.map((file) => ({
    path: "/predict/digits",
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ file: file.toString("base64") })),
  }));
}

/** Attacks with images. */
export const imageAttacks: readonly Attack[] = [
  {
    name: "images-too-large",
    about: "small files of pictures beyond the limit: PNG, WebP, TIFF, JPEG, GIF, SVG",
    run: async (target) => repeatCalls(target, 4, callsWith(await refused())),
  },
  {
    name: "images-at-limit",
    about: "small files of pictures at the limit: AVIF, WebP, GIF, tiles, turned, 16 and 32 bits",
    run: async (target) => repeatCalls(target, 4, callsWith(await atLimit())),
  },
];
