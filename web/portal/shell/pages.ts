/** The pages that there are: one row each, and each a file of its own that is loaded when it is opened. */

import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** A page. */
export interface PageRow {
  /** Path below the portal's; empty for the first page. */
  readonly path: string;
  readonly title: string;
  /** Pressed after `g`, it opens the page. */
  readonly letter: string;
  readonly View: LazyExoticComponent<ComponentType>;
}

const page = (path: string, title: string, letter: string, load: () => Promise<ComponentType>) => ({
  path,
  title,
  letter,
  View: lazy(async () => ({ default: await load() })),
});

/** In the order of the navigation. */
export const pages: readonly PageRow[] = [
  page("", "Overview", "o", async () => (await import("#web/pages/overview.tsx")).Overview),
  page(
    "monitoring",
    "Monitoring",
    "m",
    async () => (await import("#web/pages/monitoring.tsx")).Monitoring,
  ),
  page("requests", "Requests", "e", async () => (await import("#web/pages/requests.tsx")).Requests),
  page("routing", "Routing", "u", async () => (await import("#web/pages/routing.tsx")).Routing),
  page("models", "Models", "d", async () => (await import("#web/pages/models.tsx")).Models),
  page("chat", "Chat", "c", async () => (await import("#web/pages/chat.tsx")).Chat),
  page("predict", "Predict", "p", async () => (await import("#web/pages/predict.tsx")).Predict),
  page("keys", "Keys and limits", "k", async () => (await import("#web/pages/keys.tsx")).Keys),
  page(
    "configuration",
    "Configuration",
    "f",
    async () => (await import("#web/pages/configuration.tsx")).Configuration,
  ),
  page("api", "API", "a", async () => (await import("#web/pages/api.tsx")).Api),
];
