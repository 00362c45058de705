import { describe, expect, test } from "vitest";
import { BufferPool } from "#core/buffer-pool.ts";
import { Output, SlabPool } from "#http2/output.ts";

function write(output: Output, text: string): void {
  const bytes = Buffer.from(text);
  output.payload(bytes, 0, bytes.length);
}

describe("output", () => {
  test("of small pieces is one buffer", () => {
    const output = new Output(new SlabPool());
    for (const text of ["one ", "two ", "three"]) write(output, text);
    expect(output.length).toBe(13);
    expect(output.take().map(String)).toEqual(["one two three"]);
    expect(output.length).toBe(0);
  });

  test("of large payloads refers to them, in order", () => {
    const output = new Output(new SlabPool());
    const large = Buffer.alloc(10_000, "x");
    write(output, "head");
    output.payload(large, 1000, 10_000);
    write(output, "tail");
    const chunks = output.take();
    expect(chunks.map(({ length }) => length)).toEqual([4, 9000, 4]);
    expect(chunks[1]?.buffer).toBe(large.buffer);
  });

  test("tells of lent payloads behind the output that has the last of them, once, if asked", () => {
    const output = new Output(new SlabPool());
    const memory = new BufferPool(64 * 1024);
    memory.withRoom(20_000);
    const [first, second] = [memory.lend(0, 10_000), memory.lend(10_000, 20_000)];
    for (const payload of [first, Buffer.alloc(10_000), second]) {
      output.payload(payload, 0, payload.length);
      output.spend(payload);
    }
    expect(output.takeSpent()).toEqual([]);
    output.take();
    expect(output.takeSpent()).toEqual([first, second]);
    expect(output.takeSpent()).toEqual([]);
    output.spend(first);
    output.take();
    output.take();
    expect(output.takeSpent()).toEqual([]);
  });

  test("that was taken never changes, whoever writes next", () => {
    const slabs = new SlabPool();
    const [first, second] = [new Output(slabs), new Output(slabs)];
    write(first, "first");
    const [taken] = first.take();
    for (let index = 0; index < 50; index += 1) {
      write(second, "x".repeat(1000));
      write(first, "y".repeat(1000));
      if (index % 7 === 0) second.take();
    }
    expect(taken?.toString()).toBe("first");
  });

  test("of two connections at once does not mix", () => {
    const slabs = new SlabPool();
    const outputs = [new Output(slabs), new Output(slabs)];
    for (let index = 0; index < 300; index += 1) {
      for (const [which, output] of outputs.entries()) write(output, String(which).repeat(500));
    }
    for (const [which, output] of outputs.entries()) {
      expect(Buffer.concat(output.take()).toString()).toBe(String(which).repeat(150_000));
    }
  });
});
