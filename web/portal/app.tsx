/** The portal: a login where one is needed, else the pages. */

import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { Suspense } from "react";
import { usePage } from "#portal/data/address.tsx";
import { session } from "#portal/data/session.ts";
import { useStore } from "#portal/data/store.ts";
import { queryClient, transport } from "#portal/data/transport.ts";
import { Skeleton } from "#portal/parts/skeleton.tsx";
import { ErrorBoundary } from "#portal/shell/error-boundary.tsx";
import { Layout } from "#portal/shell/layout.tsx";
import { ExpiredDialog, LoginPage } from "#portal/shell/login.tsx";
import { pages } from "#portal/shell/pages.ts";
import { ReachBar } from "#portal/shell/reach-bar.tsx";
import { useShortcuts } from "#portal/shell/shortcuts.ts";

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
