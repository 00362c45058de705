/** The parts of prom-client that are imported by themselves: the whole of it loads cluster, http and https. */

declare module "prom-client/lib/registry.js" {
  import { Registry } from "prom-client";

  // biome-ignore lint/style/noDefaultExport: it is CommonJS, whose exports are the default.
  export default Registry;
}

declare module "prom-client/lib/gauge.js" {
  import { Gauge } from "prom-client";

  // biome-ignore lint/style/noDefaultExport: it is CommonJS, whose exports are the default.
  export default Gauge;
}

declare module "prom-client/lib/defaultMetrics.js" {
  import { collectDefaultMetrics } from "prom-client";

  // biome-ignore lint/style/noDefaultExport: it is CommonJS, whose exports are the default.
  export default collectDefaultMetrics;
}
