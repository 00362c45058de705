/** Where the package's own files are, wherever in it the program stands: sources, library or bundle. */

/** The address of a file or folder by its path in the package. */
export function packageFile(path: string): URL {
  return new URL(path, import.meta.resolve("#package.json"));
}
