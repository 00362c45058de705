/** What the interop run prints: a line a case, what was left out and why, the sum. */

/** Collects cases; the run goes on after one that fails. */
export interface Report {
  /** Runs the case, unless `run` is the outcome already: undefined, or what went wrong. */
  check(name: string, run: (() => unknown) | string | undefined): Promise<void>;
  /** Tells what is left out; counts as failed when nothing may be missing. */
  skip(what: string, why: string): void;
  /** Prints the sum; returns the exit code. */
  end(): number;
}

/** A report on stdout. With `requireAll`, what is left out has failed. */
export function createReport({ requireAll }: { readonly requireAll: boolean }): Report {
  let passed = 0;
  let failed = 0;
  const fail = (name: string, why: string) => {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${why.replaceAll("\n", "\n      ")}`);
  };
  return {
    async check(name, run) {
      const problem = typeof run === "function" ? await problemOf(run) : run;
      if (problem !== undefined) return fail(name, problem);
      passed += 1;
      console.log(`ok    ${name}`);
    },
    skip(what, why) {
      if (requireAll) fail(what, `left out: ${why}`);
      else console.log(`skip  ${what}: ${why}`);
    },
    end() {
      console.log(`${passed} passed, ${failed} failed`);
      return failed === 0 && passed > 0 ? 0 : 1;
    },
  };
}

async function problemOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
