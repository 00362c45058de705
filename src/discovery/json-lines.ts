/** JSON texts of a stream, one per line, none longer than a bound. */

/** A line was longer than allowed, or no JSON. */
export class BadLineError extends Error {
  override readonly name = "BadLineError";
}

/**
 * The values of the lines, empty ones left out. A last line without its end was cut off and is
 * dropped. Throws BadLineError.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<unknown> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  const hold = (piece: Uint8Array) => {
    bytes += piece.length;
    if (bytes > bytesMax) throw new BadLineError(`a line has more than ${bytesMax} bytes`);
    // Chunks may share memory that is far larger.
    if (piece.length > 0) pieces.push(piece.slice());
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      hold(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(pieces).toString().trim();
      pieces = [];
      bytes = 0;
      if (line !== "") yield parsed(line);
    }
    hold(chunk.subarray(from));
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadLineError("a line is no JSON");
  }
}
