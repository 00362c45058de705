/** The portal: a login where one is needed, else the pages. */

import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { usePage } from "#web/data/address.tsx";
import { session } from "#web/data/session.ts";
import { useStore } from "#web/data/store.ts";
import { queryClient, transport } from "#web/data/transport.ts";
import { Skeleton } from "#web/parts/skeleton.tsx";
import { ErrorBoundary } from "#web/shell/error-boundary.tsx";
import { Layout } from "#web/shell/layout.tsx";
import { ExpiredDialog, LoginPage } from "#web/shell/login.tsx";
import { pages } from "#web/shell/pages.ts";
import { ReachBar } from "#web/shell/reach-bar.tsx";
import { useShortcuts } from "#web/shell/shortcuts.ts";

function Pages() {
  const path = usePage();
  const page = pages.find((row) => row.path === path);
  useShortcuts();
  return (
    <Layout>
      <ErrorBoundary place={path}>
        <Suspense fallback={<Skeleton lines={12} />}>
          {page === undefined ? (
            <p className="empty">Nothing is at this address.</p>
          ) : (
            <page.View />
          )}
        </Suspense>
      </ErrorBoundary>
    </Layout>
  );
}

function Content() {
  const { state } = useStore(session);
  if (state === "unknown") {
    return (
      <main className="login-page">
        <h1 className="hidden">Polygate</h1>
        <ReachBar />
        <Skeleton lines={6} />
      </main>
    );
  }
  return state === "out" ? <LoginPage /> : <Pages />;
}

/** All of it. */
export function App() {
  return (
    <TransportProvider transport={transport}>
      <QueryClientProvider client={queryClient}>
        <Content />
        <ExpiredDialog />
      </QueryClientProvider>
    </TransportProvider>
  );
}
