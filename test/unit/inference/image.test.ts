import { crc32 } from "node:zlib";
import { ConnectError } from "@connectrpc/connect";
import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { prepareImage } from "#inference/image.ts";
import { imagePixelsMax, wholeImagePixelsMax } from "#inference/image-decoder.ts";
import type { ImageInput } from "#inference/model-spec.ts";
import { numbersOf } from "#inference/tensor-view.ts";
import { avifGrid, avifParts, deepTiff, jpegOfScans } from "../../support/hostile-images.ts";

const input: ImageInput = {
  width: 4,
  height: 4,
  color: "rgb",
  layout: "NHWC",
  datatype: "FP32",
  fit: "stretch",
  pad: 0,
  invert: "never",
  mean: [0, 0, 0],
  std: [1 / 255, 1 / 255, 1 / 255],
};

/** Left half red, right half blue. */
function halves(width: number, height: number) {
  const rgb = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at++) rgb[at * 3 + (at % width < width / 2 ? 0 : 2)] = 255;
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}

/** There is memory for all. */
const unclaimed = async () => {};

async function levels(encoded: Uint8Array, change: Partial<ImageInput> = {}) {
  const { tensor } = await prepareImage(encoded, { ...input, ...change }, unclaimed);
  return numbersOf(tensor).map(Math.round);
}

async function refusal(encoded: Uint8Array) {
  const error = await prepareImage(encoded, input, unclaimed).then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw new Error(`${error}`);
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
  return { reason: reasonOf(error), message: error.rawMessage, fields };
}

describe("formats", () => {
  const encoders = {
    JPEG: (image: Sharp) => image.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }),
    PNG: (image: Sharp) => image.png(),
    WebP: (image: Sharp) => image.webp({ lossless: true }),
    GIF: (image: Sharp) => image.gif(),
    TIFF: (image: Sharp) => image.tiff({ compression: "lzw" }),
    AVIF: (image: Sharp) => image.avif({ lossless: true }),
  };
  for (const [name, encode] of Object.entries(encoders)) {
    test(`${name} gives the pixels that went in`, async () => {
      const [red = 0, , , , , , , , , , , blue = 0] = await levels(
        await encode(halves(4, 4)).toBuffer(),
      );
      expect(red).toBeGreaterThan(245);
      expect(blue).toBeGreaterThan(245);
    });
  }
  test("the same picture as PNG and as WebP makes the same tensor", async () => {
    const picture = halves(37, 21);
    expect(await levels(await picture.clone().png().toBuffer())).toEqual(
      await levels(await picture.clone().webp({ lossless: true }).toBuffer()),
    );
  });
  test("grey, 16-bit and palette images are read as 8-bit RGB", async () => {
    const grey = await halves(4, 4).greyscale().png().toBuffer();
    expect(await levels(grey)).toHaveLength(48);
    const deep = await halves(4, 4).toColourspace("rgb16").png().toBuffer();
    expect((await levels(deep)).slice(0, 3)).toEqual([255, 0, 0]);
    const palette = await halves(4, 4).png({ palette: true }).toBuffer();
    expect((await levels(palette)).slice(0, 3)).toEqual([255, 0, 0]);
  });
});

describe("preparation", () => {
  test("the tensor is FP32 of batch 1 in the model's layout", async () => {
    const png = await halves(8, 8).png().toBuffer();
    const { tensor } = await prepareImage(png, { ...input, layout: "NCHW" }, unclaimed);
    expect(tensor.datatype).toBe("FP32");
    expect(tensor.shape).toEqual([1, 3, 4, 4]);
    expect(tensor.bytes.byteLength).toBe(1 * 3 * 4 * 4 * 4);
  });
  test("an image of the right size is not resampled", async () => {
    const rgb = Buffer.from(Array.from({ length: 48 }, (_, at) => (at * 37) % 256));
    const png = await sharp(rgb, { raw: { width: 4, height: 4, channels: 3 } })
      .png()
      .toBuffer();
    expect(await levels(png)).toEqual([...rgb]);
  });
  test("a picture on its side is turned upright first", async () => {
    // Orientation 6: shown turned by 90 degrees clockwise, so that left becomes top.
    const jpeg = await halves(32, 16)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    const { tensor, frame } = await prepareImage(jpeg, input, unclaimed);
    const numbers = numbersOf(tensor);
    expect(numbers[0]).toBeGreaterThan(240);
    expect(numbers[9]).toBeGreaterThan(240);
    expect(numbers[47]).toBeGreaterThan(240);
    expect([frame.sourceWidth, frame.sourceHeight]).toEqual([16, 32]);
  });
  test("what is transparent is white", async () => {
    const clear = await sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect(await levels(clear)).toEqual(Array(48).fill(255));
  });
  test("contain pads, and the frame says where the picture is", async () => {
    const png = await halves(40, 20).png().toBuffer();
    const contain: ImageInput = { ...input, fit: "contain", pad: 7 };
    const { tensor, frame } = await prepareImage(png, contain, unclaimed);
    const numbers = numbersOf(tensor).map(Math.round);
    expect(numbers.slice(0, 12)).toEqual(Array(12).fill(7));
    expect(numbers.slice(36)).toEqual(Array(12).fill(7));
    expect(frame).toEqual({
      sourceWidth: 40,
      sourceHeight: 20,
      scaleX: 0.1,
      scaleY: 0.1,
      offsetX: 0,
      offsetY: 1,
    });
  });
  test("cover crops to the middle", async () => {
    // A thousand pixels wide: only the middle four count, two of each colour.
    const png = await halves(1000, 4).png().toBuffer();
    const row = [255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255];
    expect((await levels(png, { fit: "cover" })).slice(0, 12)).toEqual(row);
  });
  test("the same bytes give the same tensor, time after time", async () => {
    const png = await halves(33, 17).png().toBuffer();
    expect(await levels(png)).toEqual(await levels(png));
  });
});

test("the memory of a decoding is claimed before it begins, as much as was measured", async () => {
  const claimed = async (encoded: Promise<Buffer>) => {
    const bytes: number[] = [];
    await prepareImage(await encoded, input, async (claim) => void bytes.push(claim));
    return bytes;
  };
  const image = halves(1000, 1000);
  expect(await claimed(image.clone().jpeg().toBuffer())).toEqual([1_200_000]);
  expect(await claimed(image.clone().jpeg({ progressive: true }).toBuffer())).toEqual([8_000_000]);
  expect(await claimed(image.clone().avif({ effort: 0 }).toBuffer())).toEqual([18_000_000]);
  expect(await claimed(image.clone().tiff().toBuffer())).toEqual([8_000_000]);
  const none = prepareImage(await image.clone().jpeg().toBuffer(), input, async () => {
    throw new Error("no memory");
  });
  await expect(none).rejects.toThrow("no memory");
});

describe("a photo of 20 megapixels is read, whatever its encoding", () => {
  const encodings = {
    "a JPEG": (image: Sharp) => image.jpeg(),
    "a progressive JPEG": (image: Sharp) => image.jpeg({ progressive: true }),
    "a WebP": (image: Sharp) => image.webp({ effort: 0 }),
  };
  test.each(Object.entries(encodings))("%s", async (_, encode) => {
    const photo = await encode(halves(5160, 3872)).toBuffer();
    const [red = 0, , , , , , , , , , , blue = 0] = await levels(photo);
    expect([red > 245, blue > 245]).toEqual([true, true]);
    const turned = await encode(halves(5160, 3872).withMetadata({ orientation: 3 })).toBuffer();
    const [first = 0, , third = 0] = await levels(turned);
    expect([first < 10, third > 245]).toEqual([true, true]);
  });
});

describe("what is expensive to decode is refused before", () => {
  test("a grid of pictures in an AVIF", async () => {
    expect(await refusal(avifGrid(await avifParts(16, 16), 16))).toEqual({
      reason: "IMAGE_INVALID",
      message: "file: the AVIF file has parts of the kind grid: only a single coded image is read",
      fields: ["file"],
    });
  });
  test("a JPEG of many scans", async () => {
    const { message } = await refusal(await jpegOfScans(101));
    expect(message).toBe("file: the image has more than 100 scans");
  });
});

describe("refusals name the field", () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"><rect width="5" height="5"/></svg>';
  const notImages = {
    text: Buffer.from("hello"),
    zeros: Buffer.alloc(1000),
    "the first bytes of a PNG": Buffer.from("89504e470d0a1a0a", "hex"),
  };
  for (const [name, encoded] of Object.entries(notImages)) {
    test(`${name} is not an image`, async () => {
      expect(await refusal(encoded)).toEqual({
        reason: "IMAGE_INVALID",
        message: "file: not a readable JPEG, PNG, WebP, GIF, TIFF or AVIF image",
        fields: ["file"],
      });
    });
  }
  const foreign = {
    BMP: Buffer.from("BM6\0\0\0"),
    "JPEG XL": Buffer.from("ff0a0000", "hex"),
    HEIC: Buffer.from("\0\0\0\x18ftypheic\0\0\0\0"),
    PDF: Buffer.from("%PDF-1.7\n"),
    SVG: Buffer.from(svg),
  };
  test.each(Object.entries(foreign))("%s is refused by its name", async (name, encoded) => {
    expect(await refusal(encoded)).toEqual({
      reason: "IMAGE_INVALID",
      message: `file: ${name} images are not read, send JPEG, PNG, WebP, GIF, TIFF or AVIF`,
      fields: ["file"],
    });
  });
  test("nothing at all is empty", async () => {
    expect(await refusal(new Uint8Array())).toMatchObject({ message: "file: the image is empty" });
  });
  const halved = {
    jpeg: "the image is truncated or damaged",
    png: "the image is truncated or damaged",
    webp: "not a readable JPEG, PNG, WebP, GIF, TIFF or AVIF image",
  } as const;
  for (const [format, problem] of Object.entries(halved) as [keyof typeof halved, string][]) {
    test(`half of a ${format} is refused, not completed with grey`, async () => {
      const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
      const create = { width: 200, height: 200, channels: 3, background: "red", noise } as const;
      const whole = await sharp({ create })[format]().toBuffer();
      const half = await refusal(whole.subarray(0, whole.length >> 1));
      const message = `file: ${problem}`;
      expect(half).toEqual({ reason: "IMAGE_INVALID", message, fields: ["file"] });
    });
  }
  describe("more pixels than the limit are refused by their header", () => {
    /** A PNG that says it is of this size; interlaced by Adam7 when asked for. */
    async function pngOf(width: number, height: number, interlaced: boolean) {
      const png = await halves(4, 4).png().toBuffer();
      // The header chunk: length, "IHDR", width, height, four bytes, interlace method, checksum.
      png.writeUInt32BE(width, 16);
      png.writeUInt32BE(height, 20);
      png.writeUInt8(Number(interlaced), 28);
      png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
      return png;
    }
    const rows = [
      {
        name: "a PNG",
        encoded: () => pngOf(8001, 8000, false),
        problem: "8001 × 8000 pixels; the limit of a png image is 64 megapixels",
      },
      {
        name: "an interlaced one, which is in memory as a whole",
        encoded: () => pngOf(6001, 4000, true),
        problem: "6001 × 4000 pixels; the limit of an interlaced image is 24 megapixels",
      },
      {
        name: "a progressive JPEG",
        encoded: () => halves(6001, 4000).jpeg({ progressive: true }).toBuffer(),
        problem: "6001 × 4000 pixels; the limit of an interlaced image is 24 megapixels",
      },
      {
        name: "a WebP, whose format has no rows",
        encoded: () => halves(6001, 4000).webp({ effort: 0 }).toBuffer(),
        problem: "6001 × 4000 pixels; the limit of a webp image is 24 megapixels",
      },
      {
        name: "an AVIF, whose decoder takes the most memory",
        encoded: () => halves(4201, 2000).avif({ effort: 0 }).toBuffer(),
        problem: "4201 × 2000 pixels; the limit of a heif image is 8.4 megapixels",
      },
      {
        name: "a TIFF, which may be of one tile",
        encoded: () => halves(6001, 4000).tiff({ compression: "deflate" }).toBuffer(),
        problem: "6001 × 4000 pixels; the limit of a tiff image is 24 megapixels",
      },
    ];
    test.each([
      [65_535, 1, "truncated or damaged"],
      [65_536, 1, "65536 × 1 pixels; the limit of a side is 65535"],
      [1, 64_000_000, "1 × 64000000 pixels; the limit of a side is 65535"],
    ])("a side of %i × %i pixels", async (width, height, problem) => {
      const { message } = await refusal(await pngOf(width, height, false));
      expect(message).toContain(problem);
    });
    test("pixels of many bytes", async () => {
      expect(await refusal(deepTiff(4000, 4000))).toMatchObject({
        message:
          "file: the image has 4000 × 4000 pixels of 3 channels in float; the limit is 150 MB",
      });
      expect(await refusal(deepTiff(3500, 3500))).toMatchObject({
        message: "file: the image is truncated or damaged",
      });
    });
    test.each(rows)("$name", async ({ encoded, problem }) => {
      expect(await refusal(await encoded())).toEqual({
        reason: "IMAGE_INVALID",
        message: `file: the image has ${problem}`,
        fields: ["file"],
      });
    });
    test("what is decoded row by row may have more than what is not", async () => {
      expect(imagePixelsMax).toBeGreaterThan(wholeImagePixelsMax);
      const png = await pngOf(6001, 4000, false);
      expect(await refusal(png)).toMatchObject({
        message: "file: the image is truncated or damaged",
      });
    });
  });
});
