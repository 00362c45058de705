/** The documentation page: operations by service, and the one that is looked at. */

import { element, prose } from "./element.js";
import { Schemas } from "./fields.js";
import { trialOf } from "./trial.js";

const sidebar = document.querySelector("#operations");
const main = document.querySelector("#operation");
const credential = document.querySelector("#credential");
const key = credential.querySelector("input");

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
    heading("Answer"),
    schemas.list(media.schema),
    element("details", {}, element("summary", {}, "errors"), schemas.list(error)),
  ];
}

function show(found, schemas) {
  const { path, method, operation } = found;
  const { form, answer, command, refresh } = trialOf(found, schemas, () => key.value);
  shown = refresh;
  const title = operation.operationId.replace("_", ".").replace(/_\d+$/, "");
  main.replaceChildren(
    element("h2", {}, title),
    element("p", { class: "call" }, verb(method), element("span", { class: "path" }, path)),
    element("p", {}, ...prose(operation.description ?? operation.summary)),
    element(
      "div",
      { class: "columns" },
      element("section", {}, heading("Try it"), form, heading("With curl"), command),
      element("section", {}, heading("What it answers"), answer.view),
      element("section", {}, ...requestPart(operation, schemas)),
      element("section", {}, ...answerPart(operation, schemas)),
    ),
  );
  for (const link of sidebar.querySelectorAll("a")) {
    if (link.hash === `#${operation.operationId}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  main.scrollTop = 0;
}

const api = await (await fetch("openapi.json")).json();
const schemas = new Schemas(api);
const all = [...operationsOf(api)];
const title = document.querySelector("#title");
title.replaceChildren(api.info.title, " ", element("small", {}, api.info.version));
document.title = `${api.info.title} API`;
credential.hidden = api.security === undefined;
listOperations(api, all);

function showHash() {
  const id = decodeURIComponent(location.hash.slice(1));
  const found = all.find(({ operation }) => operation.operationId === id) ?? all[0];
  if (found !== undefined) show(found, schemas);
}

showHash();
window.addEventListener("hashchange", showHash);
credential.addEventListener("submit", (event) => event.preventDefault());
key.addEventListener("input", () => shown?.());
document.querySelector("#filter").addEventListener("input", ({ target }) => filterBy(target.value));
