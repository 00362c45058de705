/** The model of a form is found however the form is cut, and the form passes with its name replaced alone. */

import { describe, expect, test } from "vitest";
import { formWithModel } from "#surfaces/form-model.ts";

const contentType = "multipart/form-data; boundary=b";
const large = 1 << 20;

function part(name: string, content: string, more = ""): string {
  return `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;
}

const file = part("file", "\r\n--\r\n-b\r\nmodel", '; filename="model"');
const text = `${part("prompt", "é")}${part("model", "fast é")}${file}--b--\r\n`;

interface Cut {
  readonly size: number;
  readonly length?: number;
  readonly aheadBytesMax?: number;
  /** Told of each piece that is asked for. */
  onPull?(): void;
}

function open(body: string | Buffer, { size, length, aheadBytesMax = large, onPull }: Cut) {
  const bytes = Buffer.from(body);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) {
      onPull?.();
      yield bytes.subarray(at, at + size);
    }
  }
  const facts = length === undefined ? {} : { length };
  return formWithModel({ contentType, ...facts, open: pieces }, aheadBytesMax);
}

async function all(sent: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (sent instanceof Uint8Array) return Buffer.from(sent).toString();
  const pieces: Uint8Array[] = [];
  for await (const piece of sent) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe("a form", () => {
  test("cut into pieces of any size is the same form, with the provider's name of the model", async () => {
    for (let size = 1; size <= Buffer.byteLength(text); size += 1) {
      const { model, body } = await open(text, { size, length: Buffer.byteLength(text) });
      expect(model).toBe("fast é");
      const wanted = text.replace("fast é", "whisper-1");
      expect(await all(body.sentFor("whisper-1")), `pieces of ${size}`).toBe(wanted);
      expect(body.lengthFor("whisper-1")).toBe(Buffer.byteLength(wanted));
    }
  });

  test("cut anywhere is broken off before its end is passed on", async () => {
    for (let end = 0; end < Buffer.byteLength(text) - 2; end += 1) {
      const cut = Buffer.from(text).subarray(0, end);
      const whole = open(cut, { size: 7 }).then(({ body }) => all(body.sentFor("m")));
      await expect(whole, `cut at ${end}`).rejects.toMatchObject({
        rawMessage: expect.any(String),
      });
    }
  });

  test("of the same name passes as it is", async () => {
    const { body } = await open(text, { size: 11 });
    expect(await all(body.sentFor("fast é"))).toBe(text);
  });

  test("whose length nobody told has none", async () => {
    const { body } = await open(text, { size: 11 });
    expect(body.lengthFor("whisper-1")).toBeUndefined();
  });

  test("is read up to its model, and no further until it is passed on", async () => {
    let pulls = 0;
    const long = `${part("model", "m")}${part("file", "x".repeat(10_000))}--b--`;
    const { body } = await open(long, { size: 100, onPull: () => (pulls += 1) });
    expect(pulls).toBe(1);
    const sent = body.sentFor("m") as AsyncIterable<Uint8Array>;
    const reading = sent[Symbol.asyncIterator]();
    await reading.next();
    expect(body.isSpent).toBe(false);
    await reading.next();
    expect(body.isSpent).toBe(true);
    expect(pulls).toBe(2);
    await expect(all(body.sentFor("m"))).rejects.toThrow("spent");
  });

  test("that is short is read whole, and can be sent to one after the other", async () => {
    const { body } = await open(text, { size: 5, length: Buffer.byteLength(text) });
    for (const name of ["one", "another"]) {
      expect(await all(body.sentFor(name))).toBe(text.replace("fast é", name));
    }
    expect(body.isSpent).toBe(false);
  });

  test("gives no more than the look-ahead to find its model in", async () => {
    let pulls = 0;
    const late = `${part("file", "x".repeat(10_000))}${part("model", "m")}--b--`;
    const cut = { size: 100, aheadBytesMax: 1000, onPull: () => (pulls += 1) };
    await expect(open(late, cut)).rejects.toMatchObject({
      rawMessage: expect.stringMatching(/^model: not found in the first 1000 bytes/),
    });
    expect(pulls).toBe(11);
  });

  test("without a model has an empty one", async () => {
    expect((await open(`${file}--b--`, { size: 3 })).model).toBe("");
  });

  test("with two models is broken off at the second, however late that comes", async () => {
    const twice = text.replace("--b--", `${part("model", "another")}--b--`);
    for (const size of [1, 13, 5000]) {
      const whole = open(twice, { size }).then(({ body }) => all(body.sentFor("m")));
      await expect(whole).rejects.toMatchObject({
        rawMessage: "model: is given twice in the form",
      });
    }
  });
});
