/** Heavy packages that an installation may do without, and what is said where one is missing. */

/** What each is needed for. */
const purposes = {
  "gpt-tokenizer": "counts the tokens of the embedded core",
  mathjs: "computes for the tools of the embedded core",
  "onnxruntime-node": "runs ONNX models",
  sharp: "decodes images",
} as const;

/** A package that may be missing. */
export type OptionalPackage = keyof typeof purposes;

/** The install script of onnxruntime-node downloads a GPU provider that is not used, and fails offline. */
const skipsDownload: readonly OptionalPackage[] = ["onnxruntime-node"];

/** Its `name` is what `faultFrom` knows it by: the call ends with PACKAGE_MISSING. */
class MissingPackageError extends Error {
  override readonly name = "MissingPackageError";
}

/**
 * What `load` imports. Throws a MissingPackageError, whose text names the package, what it is for
 * and what to do, when it is not installed or does not load on this platform.
 */
export async function optionalPackage<T>(
  name: OptionalPackage,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const variable = skipsDownload.includes(name) ? "ONNXRUNTIME_NODE_INSTALL=skip " : "";
    const problem = isNotFound(cause)
      ? `is not installed: ${variable}npm install ${name}`
      : `does not load on ${process.platform} ${process.arch}`;
    throw new MissingPackageError(`${name}, which ${purposes[name]}, ${problem}`, { cause });
  }
}

function isNotFound(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && /MODULE_NOT_FOUND$/.test(String(cause.code));
}
