/** The documentation page: operations by service, and the one that is looked at. */

import { element, prose } from "./element.js";
import { Schemas } from "./fields.js";
import { trialOf } from "./trial.js";

const list = document.querySelector("#list");
const sidebar = document.querySelector("#operations");
const none = document.querySelector("#none");
const main = document.querySelector("#operation");
const credential = document.querySelector("#credential");
const key = credential.querySelector("input");
/** The list lies above the operation instead of beside it. */
const narrow = matchMedia("(max-width: 50rem)");

let shown;

function* operationsOf({ paths }) {
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) yield { path, method, operation };
  }
}

function verb(method) {
  return element("span", { class: `verb ${method}` }, method.toUpperCase());
}

/** The list of operations, under their services in the document's order. */
function listOperations({ tags }, all) {
  for (const { name, description } of tags) {
    const links = all
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ path, method, operation }) =>
        element(
          "a",
          { href: `#${operation.operationId}`, title: `${path}\n${operation.summary ?? ""}` },
          verb(method),
          element("span", { class: "path" }, path),
        ),
      );
    if (links.length === 0) continue;
    const heading = element("h2", { title: description ?? "" }, name);
    sidebar.append(element("section", {}, heading, ...links));
  }
}

/** Hides what does not contain the text, and services that have nothing left. */
function filterBy(text) {
  const wanted = text.trim().toLowerCase();
  for (const section of sidebar.children) {
    const links = [...section.querySelectorAll("a")];
    for (const link of links) {
      link.hidden = !`${link.textContent} ${link.title}`.toLowerCase().includes(wanted);
    }
    section.hidden = links.every(({ hidden }) => hidden);
  }
  const isEmpty = [...sidebar.children].every(({ hidden }) => hidden);
  none.textContent = isEmpty ? `No operation contains “${text.trim()}”.` : "";
  list.open = true;
}

function heading(text) {
  return element("h3", {}, text);
}

/** What a request may have: parameters, then the body's fields. */
function requestPart({ parameters = [], requestBody }, schemas) {
  const [media] = Object.values(requestBody?.content ?? {});
  const items = parameters.map(({ name, schema, required, description }) =>
    schemas.item(name, schema, required, description),
  );
  return [
    ...(items.length === 0
      ? []
      : [heading("Parameters"), element("ul", { class: "fields" }, ...items)]),
    ...(media === undefined ? [] : [heading("Request body"), schemas.list(media.schema)]),
  ];
}

function answerPart({ responses }, schemas) {
  const [media] = Object.values(responses["200"].content);
  const errors = schemas.resolve(responses.default);
  const error = Object.values(errors.content)[0].schema;
  return [
    heading("Response body"),
    schemas.list(media.schema),
    element("details", {}, element("summary", {}, "errors"), schemas.list(error)),
  ];
}

function show(found, schemas) {
  const { path, method, operation } = found;
  shown?.answer.stop();
  shown = trialOf(found, schemas, () => key.value);
  const { form, answer, command } = shown;
  const title = operation.operationId.replace("_", ".").replace(/_\d+$/, "");
  main.replaceChildren(
    element("h2", { tabIndex: -1 }, title),
    element("p", { class: "call" }, verb(method), element("span", { class: "path" }, path)),
    element("p", {}, ...prose(operation.description ?? operation.summary)),
    element(
      "div",
      { class: "columns" },
      element("section", { class: "try" }, heading("Try it"), form),
      element("section", { class: "shown" }, heading("Response"), answer.view),
      element("section", { class: "command" }, heading("With curl"), command),
      element("section", { class: "takes" }, ...requestPart(operation, schemas)),
      element("section", { class: "gives" }, ...answerPart(operation, schemas)),
    ),
  );
  for (const link of sidebar.querySelectorAll("a")) {
    if (link.hash === `#${operation.operationId}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${method.toUpperCase()} ${path} · ${api.info.title} API`;
  main.scrollTop = 0;
}

/** Moves the focus, and with it screen readers and small screens, to the operation. */
function enter() {
  main.querySelector("h2")?.focus();
}

async function documentOf() {
  const response = await fetch("openapi.json");
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return await response.json();
}

const api = await documentOf().catch((error) => {
  main.replaceChildren(element("p", { class: "status failed" }, `openapi.json: ${error.message}`));
  throw error;
});
const schemas = new Schemas(api);
const all = [...operationsOf(api)];
const title = document.querySelector("#title");
title.replaceChildren(api.info.title, " ", element("small", {}, api.info.version));
credential.hidden = api.security === undefined;
listOperations(api, all);

function showHash() {
  const id = decodeURIComponent(location.hash.slice(1));
  const found = all.find(({ operation }) => operation.operationId === id) ?? all[0];
  if (found !== undefined) show(found, schemas);
}

showHash();
list.open = !narrow.matches || location.hash === "";
narrow.addEventListener("change", () => {
  list.open = !narrow.matches;
});
window.addEventListener("hashchange", () => {
  list.open = !narrow.matches;
  showHash();
  enter();
});
// The operation that is shown already does not change the address.
sidebar.addEventListener("click", ({ target }) => {
  if (target.closest("a")?.hash === location.hash) enter();
});
document.querySelector("#skip").addEventListener("click", enter);
credential.addEventListener("submit", (event) => event.preventDefault());
key.addEventListener("input", () => shown?.refresh());
document.querySelector("#filter").addEventListener("input", ({ target }) => filterBy(target.value));
