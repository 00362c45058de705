/** What stands around every page: navigation, title, how often it is read again, theme, and whose session it is. */

import { type ReactNode, useEffect, useRef } from "react";
import { Link, usePage } from "#web/data/address.tsx";
import { chooseRefresh, refreshChoices, refreshSeconds } from "#web/data/refresh.ts";
import { logOut, session } from "#web/data/session.ts";
import { useStore } from "#web/data/store.ts";
import { queryClient } from "#web/data/transport.ts";
import { pages } from "#web/shell/pages.ts";
import { ReachBar } from "#web/shell/reach-bar.tsx";
import { nextTheme, theme } from "#web/shell/theme.ts";

const themeWords = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

function Navigation({ path }: { readonly path: string }) {
  return (
    <nav aria-label="Pages">
      <ul>
        {pages.map((page) => (
          <li key={page.path}>
            <Link href={`/${page.path}`} aria-current={page.path === path ? "page" : undefined}>
              {page.title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Controls() {
  const seconds = useStore(refreshSeconds);
  const chosenTheme = useStore(theme);
  const now = useStore(session);
  return (
    <div className="controls">
      <label>
        <span>Refresh</span>
        <select value={seconds} onChange={(event) => chooseRefresh(Number(event.target.value))}>
          {refreshChoices.map((choice) => (
            <option key={choice} value={choice}>
              {choice === 0 ? "off" : `${choice} s`}
            </option>
          ))}
        </select>
      </label>
      <button type="button" onClick={() => void queryClient.invalidateQueries()}>
        Read again
      </button>
      <button type="button" onClick={nextTheme}>
        {themeWords[chosenTheme]}
      </button>
      {now.state === "in" && (
        <button type="button" onClick={() => void logOut()}>
          Log out {now.name}
        </button>
      )}
    </div>
  );
}

/** The shell around `children`. */
export function Layout({ children }: { readonly children: ReactNode }) {
  const path = usePage();
  const now = useStore(session);
  const title = pages.find((page) => page.path === path)?.title ?? "No such page";
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the page that is shown decides
  useEffect(() => {
    document.title = `${title} · Polygate`;
    // Whoever navigates by keyboard begins at the page's head; whoever loads it, at the document's.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [path, title]);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => heading.current?.focus()}>
        Skip to content
      </button>
      <aside>
        <Link href="/" className="brand">
          Polygate
        </Link>
        <Navigation path={path} />
        {"version" in now && <p className="version">version {now.version}</p>}
      </aside>
      <div className="body">
        <header>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          <Controls />
        </header>
        <ReachBar />
        {now.state === "open" && (
          <p className="open-note">
            This gateway asks for no key: whoever reaches it sees this. Set <code>API_KEY</code> to
            change that.
          </p>
        )}
        <main id="main">{children}</main>
      </div>
    </div>
  );
}
