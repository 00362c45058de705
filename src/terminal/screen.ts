/** The whole screen of a terminal, drawn again and again: only lines that differ are written. */

import { clipped } from "./text-table.ts";

/** What a screen draws on. */
export interface ScreenSurface {
  /** Writes text as it is. */
  write(text: string): void;
  readonly size: () => { readonly columns: number; readonly rows: number };
}

/**
 * The alternate screen, so that what was there before comes back. Disposing of it gives back screen and
 * cursor. Lines are cut where the screen ends; `style` colours a line after it was cut.
 */
export class Screen implements Disposable {
  readonly #surface: ScreenSurface;
  #drawn: readonly string[] = [];
  #shape = "";

  constructor(surface: ScreenSurface) {
    this.#surface = surface;
    surface.write("\u001b[?1049h\u001b[?25l");
  }

  /** Shows these lines, and nothing else. */
  draw(lines: readonly string[], style: (line: string, at: number) => string): void {
    const { columns, rows } = this.#surface.size();
    const shape = `${columns}x${rows}`;
    let text = "";
    if (shape !== this.#shape) {
      text = "\u001b[2J";
      this.#shape = shape;
      this.#drawn = [];
    }
    const shown = lines.slice(0, rows).map((line, at) => style(clipped(line, columns), at));
    for (let at = 0; at < Math.max(shown.length, this.#drawn.length); at += 1) {
      const line = shown[at] ?? "";
      if (line !== this.#drawn[at]) text += `\u001b[${at + 1};1H\u001b[K${line}`;
    }
    this.#drawn = shown;
    if (text !== "") this.#surface.write(text);
  }

  [Symbol.dispose](): void {
    this.#surface.write("\u001b[?25h\u001b[?1049l");
  }
}
