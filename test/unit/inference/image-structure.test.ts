/** Files that are small and expensive to decode are refused before a decoder sees them; others are not. */

import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { gifFrames, jpegScans, tiffPages, webpFrames } from "#inference/image-frames.ts";
import { structureProblem } from "#inference/image-structure.ts";
import {
  avifGrid,
  avifOf,
  avifOfData,
  avifParts,
  blank,
  gifOfFrames,
  jpegOfScans,
  tiffOfPages,
  webpOfChunks,
} from "../../support/hostile-images.ts";

/** Runs a count to its end; how often it let others have their turn. */
function run(counting: Generator<void, number, void>) {
  let turns = 0;
  let next = counting.next();
  for (; next.done !== true; next = counting.next()) turns += 1;
  return { count: next.value, turns };
}

describe("what encoders write is let through", () => {
  const picture = () => blank(64, 48);
  const frames = async (format: "gif" | "webp" | "tiff") => {
    const shades = Array.from({ length: 12 }, (_, level) =>
      blank(8, 8).linear(1, level).png().toBuffer(),
    );
    return sharp(await Promise.all(shades), { join: { animated: true } })[format]();
  };
  const rows: Readonly<Record<string, () => Sharp | Promise<Sharp>>> = {
    "a JPEG": () => picture().jpeg(),
    "a progressive JPEG": () => picture().jpeg({ progressive: true }),
    "a JPEG by MozJPEG": () => picture().jpeg({ mozjpeg: true }),
    "a PNG": () => picture().png(),
    "a WebP": () => picture().webp(),
    "a WebP with frames": () => frames("webp"),
    "a GIF with frames": () => frames("gif"),
    "a TIFF with pages": () => frames("tiff"),
    "a TIFF with a pyramid": () => picture().tiff({ tile: true, pyramid: true }),
    "a TIFF beyond 4 GB": () => picture().tiff({ bigtiff: true }),
    "an AVIF": () => picture().avif(),
    "an AVIF with transparency": () => picture().ensureAlpha(0.5).avif(),
    "an AVIF with metadata": () =>
      picture()
        .withExif({ IFD0: { Artist: "x" } })
        .avif(),
  };
  test.each(Object.entries(rows))("%s", async (_, make) => {
    const encoded = await (await make()).toBuffer();
    expect(await structureProblem(encoded)).toBeUndefined();
    expect((await sharp(encoded).metadata()).width, "it can be decoded").toBeGreaterThan(0);
  });
});

describe("counts", () => {
  test.each([0, 1, 9, 10])("%i scans, frames and pages are counted", async (count) => {
    if (count > 0) expect(run(jpegScans(await jpegOfScans(count), 10)).count).toBe(count);
    const comment = Buffer.from("21fe0161036162630021f9040000000000", "hex");
    expect(run(gifFrames(gifOfFrames(count), 10)).count).toBe(count);
    expect(run(gifFrames(gifOfFrames(count, comment), 10)).count).toBe(count);
    expect(run(gifFrames(gifOfFrames(count, Buffer.alloc(3)), 10)).count).toBe(count);
    expect(run(webpFrames(webpOfChunks(count), 10)).count).toBe(count);
    expect(run(webpFrames(webpOfChunks(count, "XMP "), 10)).count).toBe(0);
    if (count === 0) return;
    for (const order of ["LE", "BE"] as const) {
      expect(tiffPages(tiffOfPages(count, { order }), 10)).toBe(count);
      expect(tiffPages(tiffOfPages(count, { order, big: true }), 10)).toBe(count);
    }
  });

  test("end one beyond the limit, whatever follows", async () => {
    expect(run(jpegScans(await jpegOfScans(50), 10)).count).toBe(11);
    expect(run(gifFrames(gifOfFrames(50), 10)).count).toBe(11);
    expect(run(webpFrames(webpOfChunks(50), 10)).count).toBe(11);
    expect(tiffPages(tiffOfPages(2, { circle: true }), 10), "a circle").toBe(11);
  });

  test("a JPEG's segments are passed over: what is in them is no scan and no end", async () => {
    const jpeg = await jpegOfScans(3);
    const comment = Buffer.from("fffe000affd9ffdaffdaffda", "hex");
    const padded = Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
    expect(run(jpegScans(padded, 10)).count).toBe(3);
    const after = Buffer.concat([jpeg, ...Array(20).fill(Buffer.from("ffda0002", "hex"))]);
    expect(run(jpegScans(after, 10)).count, "nor what follows the end").toBe(3);
    const second = Buffer.concat([jpeg.subarray(0, -2), comment, Buffer.from("ffda0002", "hex")]);
    expect(run(jpegScans(second, 10)).count, "nor what lies between scans").toBe(4);
  });

  test("large files are gone through in slices, at whatever byte a slice ends", async () => {
    const slice = 4 * 1024 * 1024;
    const [jpeg, rest] = [await jpegOfScans(3), Buffer.from("ffda0002ffd9", "hex")];
    for (const extra of [0, 1, 2, 3, 4]) {
      const filler = Buffer.alloc(2 * slice - jpeg.length + extra, 0x55);
      const large = Buffer.concat([jpeg.subarray(0, -2), filler, rest]);
      const { count, turns } = run(jpegScans(large, 10));
      expect([count, turns >= 2], `${extra}`).toEqual([4, true]);
    }
    const comments = Buffer.from(`21fe${"0161".repeat(100)}00`, "hex");
    const { count, turns } = run(gifFrames(gifOfFrames(50_000, comments), 1e6));
    expect([count, turns >= 2]).toEqual([50_000, true]);
    const webp = run(webpFrames(webpOfChunks(slice / 4), 1e9));
    expect([webp.count, webp.turns >= 2]).toEqual([slice / 4, true]);
    const tiny = run(gifFrames(gifOfFrames(1, Buffer.alloc(3 * slice, "21fe00", "hex")), 10));
    expect([tiny.count, tiny.turns >= 2]).toEqual([1, true]);
    const zeros = run(gifFrames(gifOfFrames(1, Buffer.alloc(3 * slice)), 10));
    expect([zeros.count, zeros.turns >= 2]).toEqual([1, true]);
  });

  test("no bytes make them throw or go on for ever", async () => {
    const beginnings = [
      "\xff\xd8",
      "GIF89a",
      "RIFF\0\0\0\0WEBP",
      "II*\0",
      "MM\0+",
      "\0\0\0\x10ftyp",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 200 }),
        async (text, rest) => {
          const problem = await structureProblem(
            Buffer.concat([Buffer.from(text, "latin1"), rest]),
          );
          expect(["string", "undefined"]).toContain(typeof problem);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("files beyond the limits", () => {
  test.each([
    {
      name: "a JPEG",
      at: () => jpegOfScans(100),
      over: () => jpegOfScans(101),
      problem: "the image has more than 100 scans",
    },
    {
      name: "a GIF",
      at: () => gifOfFrames(10_000),
      over: () => gifOfFrames(10_001),
      problem: "the image has more than 10000 frames",
    },
    {
      name: "a WebP",
      at: () => webpOfChunks(10_000),
      over: () => webpOfChunks(10_001),
      problem: "the image has more than 10000 frames",
    },
    {
      name: "a TIFF",
      at: () => tiffOfPages(10_000),
      over: () => tiffOfPages(10_001),
      problem: "the image has more than 10000 pages",
    },
    {
      name: "a TIFF in a circle",
      at: () => tiffOfPages(1),
      over: () => tiffOfPages(2, { circle: true }),
      problem: "the image has more than 10000 pages",
    },
  ])("$name", async ({ at, over, problem }) => {
    expect(await structureProblem(await at())).toBeUndefined();
    expect(await structureProblem(await over())).toBe(problem);
  });
});

describe("an AVIF file", () => {
  const whole = avifParts(16, 16);
  const plain = (data: Buffer) => ({ type: "av01", extents: [[0, data.length]] as const });

  test("made by hand is what the decoder takes", async () => {
    const from = await whole;
    for (const avif of [avifOfData(from, from.data), avifGrid(from, 1)]) {
      expect((await sharp(avif).raw().toBuffer({ resolveWithObject: true })).info).toMatchObject({
        width: 16,
        height: 16,
      });
    }
    expect(await structureProblem(avifOfData(from, from.data))).toBeUndefined();
  });

  test.each([1, 2, 256])("that is a grid of %i × that many pictures is refused", async (side) => {
    expect(await structureProblem(avifGrid(await whole, side))).toBe(
      "the AVIF file has parts of the kind grid: only a single coded image is read",
    );
  });

  test.each(["iovl", "iden", "tili", "hvc1", "\u00e4\n1"])(
    "with an item %j is refused",
    async (type) => {
      const from = await whole;
      const items = [plain(from.data), { type, extents: [[0, 1]] as const }];
      expect(await structureProblem(avifOf(from, { items, payload: from.data }))).toMatch(
        /^the AVIF file has parts of the kind [\w? ]+: only a single coded image is read$/,
      );
    },
  );

  test.each([
    { frames: 1, refused: false },
    { frames: 4, refused: true },
    { frames: 5, refused: true },
    { frames: 5000, refused: true },
  ])("with $frames whole images in its data: refused $refused", async ({ frames, refused }) => {
    const from = await whole;
    const data = Buffer.concat(Array(frames).fill(from.data));
    const problem = await structureProblem(avifOfData(from, data));
    expect(problem).toBe(refused ? "the AVIF file has more than 4 frames in one image" : undefined);
  });

  test.each([
    { layers: 4, refused: false },
    { layers: 5, refused: true },
  ])(
    "with $layers frames after one sequence header: refused $refused",
    async ({ layers, refused }) => {
      const from = await whole;
      // Two bytes of temporal delimiter, then the sequence header with its length.
      const frame = from.data.subarray(4 + (from.data[3] ?? 0));
      const data = Buffer.concat([from.data, ...Array(layers - 1).fill(frame)]);
      expect((await structureProblem(avifOfData(from, data))) !== undefined).toBe(refused);
    },
  );

  test("whose image is made of the same bytes again and again is refused", async () => {
    const from = await whole;
    const extents = Array.from({ length: 300 }, () => [0, from.data.length] as const);
    const avif = avifOf(from, { items: [{ type: "av01", extents }], payload: from.data });
    expect(await structureProblem(avif)).toBe("the AVIF file's structure is damaged");
  });

  test("whose image is in several pieces is put together", async () => {
    const from = await whole;
    const extents = [
      [0, 10],
      [10, from.data.length - 10],
    ] as const;
    const avif = avifOf(from, { items: [{ type: "av01", extents }], payload: from.data });
    expect(await structureProblem(avif)).toBeUndefined();
    const twice = Buffer.concat([from.data, from.data]);
    const halves = [
      [0, from.data.length],
      [from.data.length, from.data.length],
    ] as const;
    const two = avifOf(from, { items: [{ type: "av01", extents: halves }], payload: twice });
    expect(await structureProblem(two)).toBe("the AVIF file has more than 4 frames in one image");
  });

  describe("whose boxes tell their size in other ways", () => {
    /** A box of nothing that tells its size in eight bytes, which are `told` where that is another. */
    const large = (length: number, told = length) => {
      const box = Buffer.alloc(length);
      box.writeUInt32BE(1);
      box.write("free", 4, "latin1");
      box.writeBigUInt64BE(BigInt(told), 8);
      return box;
    };
    const toTheEnd = Buffer.from("0000000066726565", "hex");
    const meta = Buffer.from("0000000c6d65746100000000", "hex");
    const filled = Buffer.alloc(40);
    const damaged = "the AVIF file's structure is damaged";

    test.each([
      ["in eight bytes", [large(48)], undefined],
      ["in eight bytes, of nothing but them", [large(16)], undefined],
      ["up to the end of the file", [toTheEnd, filled], undefined],
      ["up to the end of the file, which is there", [toTheEnd], undefined],
      ["in eight bytes, with what must not be behind them", [large(48), meta], damaged],
      ["in eight bytes that are too few", [large(16, 15)], damaged],
      ["in eight bytes, beyond the end", [large(16, 17)], damaged],
      ["in eight bytes that are not there", [large(16).subarray(0, 15)], damaged],
      ["in four bytes that are too few", [Buffer.from("0000000766726565", "hex")], damaged],
      ["in too few bytes to be one at all, which are none", [meta.subarray(0, 7)], undefined],
    ])("%s", async (_, more, problem) => {
      const from = await whole;
      const file = Buffer.concat([avifOfData(from, from.data), ...more]);
      expect(await structureProblem(file)).toBe(problem);
    });
  });

  test.each([
    {
      name: "items without a type",
      make: (from: Awaited<typeof whole>) =>
        avifOf(from, { items: [plain(from.data)], payload: from.data, untyped: true }),
    },
    {
      name: "an extent beyond the end",
      make: (from: Awaited<typeof whole>) =>
        avifOf(from, { items: [{ type: "av01", extents: [[0, 1 << 30]] }], payload: from.data }),
    },
    {
      name: "an extent without an end",
      make: (from: Awaited<typeof whole>) =>
        avifOf(from, { items: [{ type: "av01", extents: [[0, 0]] }], payload: from.data }),
    },
    {
      name: "two item lists",
      make: (from: Awaited<typeof whole>) =>
        Buffer.concat([
          avifOfData(from, from.data),
          Buffer.from("0000000c6d65746100000000", "hex"),
        ]),
    },
    {
      name: "a box that is longer than the file",
      make: (from: Awaited<typeof whole>) =>
        Buffer.concat([avifOfData(from, from.data), Buffer.from("7fffffff66726565", "hex")]),
    },
    {
      name: "thousands of boxes",
      make: (from: Awaited<typeof whole>) =>
        Buffer.concat([
          avifOfData(from, from.data),
          ...Array(2000).fill(Buffer.from("0000000866726565", "hex")),
        ]),
    },
  ])("with $name is refused", async ({ make }) => {
    expect(await structureProblem(make(await whole))).toBe("the AVIF file's structure is damaged");
  });
});
