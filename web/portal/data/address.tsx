/**
 * The address: which page is shown, and what it says besides. Periods, filters and selections are in it,
 * so that they survive a reload and can be sent.
 */

import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { portalPath } from "#web/data/base.ts";
import { createStore, useStore } from "#web/data/store.ts";

const here = () => location.pathname + location.search;
const address = createStore(here());
addEventListener("popstate", () => address.set(here()));

/** The address of a page of the portal, such as `/requests?status=error`. */
const hrefOf = (to: string) => portalPath + to.replace(/^\//, "");

/** Shows another page. */
export function navigate(to: string): void {
  history.pushState(null, "", hrefOf(to));
  address.set(here());
}

/** What is below the portal's path, such as `requests`; empty for the first page. */
export function usePage(): string {
  const path = useStore(address).split("?")[0] ?? "";
  return path.slice(portalPath.length).replace(/\/$/, "");
}

/** The parameter `name` of the address, and how it is changed; `initial` is not written. */
export function useParam(name: string, initial = ""): [string, (value: string) => void] {
  const search = useStore(address).split("?")[1];
  const set = (value: string) => {
    const next = new URLSearchParams(location.search);
    if (value === initial) next.delete(name);
    else next.set(name, value);
    const text = next.toString();
    history.replaceState(null, "", location.pathname + (text === "" ? "" : `?${text}`));
    address.set(here());
  };
  return [new URLSearchParams(search).get(name) ?? initial, set];
}

/** A link to a page of the portal; with a key held it opens a tab, as any link. */
export function Link(props: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  const { href, children, ...others } = props;
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...others} href={hrefOf(href)} onClick={follow}>
      {children}
    </a>
  );
}
