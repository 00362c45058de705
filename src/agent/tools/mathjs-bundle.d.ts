/** Types of mathjs's one-file bundle, which loads in a sixth of the time that its modules take. */

declare module "mathjs/lib/browser/math.js" {
  const math: typeof import("mathjs");
  // biome-ignore lint/style/noDefaultExport: the bundle is CommonJS, whose exports are the default.
  export default math;
}
