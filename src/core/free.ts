/** Gives the memory of buffers back at once, which the garbage collector would do much later. */

/**
 * Smaller buffers are left to the collector: what they hold is not worth a call. For larger ones it
 * is cheaper, too: memory that was used a moment ago is taken again.
 */
const freedBytesMin = 16 * 1024;

/**
 * Frees a buffer that no one reads any more: every view of its memory is empty from now on. A view of
 * only a part of some memory is let be, for who reads the rest is not known.
 */
export function free({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength < freedBytesMin || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
