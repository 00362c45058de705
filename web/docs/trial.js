/** The form that tries an operation. */

import { Answer } from "./answer.js";
import { element } from "./element.js";
import { curlOf, send, urlOf } from "./request.js";

function labelled(text, input) {
  return element("label", {}, element("span", {}, element("code", {}, text)), input);
}

/** An input for one value; `text` fills it. */
function inputFor(schema, text = "") {
  const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum;
  if (choices === undefined) {
    return element("input", {
      value: String(text),
      placeholder: schema.format ?? schema.type ?? "",
    });
  }
  const options = ["", ...choices].map((value) => element("option", {}, String(value)));
  const select = element("select", {}, ...options);
  select.value = String(text);
  return select;
}

/** A body as JSON text: one value, or one a line. */
function jsonBody(type, media, schemas) {
  const text = element("textarea", { spellcheck: false, value: schemas.bodyText(media) });
  text.rows = Math.min(20, text.value.split("\n").length + 1);
  text.setAttribute("aria-label", "Request body");
  return {
    name: type === "application/json" ? "JSON" : "JSON lines",
    view: text,
    read: () => ({ body: text.value, headers: { "content-type": type } }),
  };
}

/** A body of form fields, files among them. */
function formBody({ schema }, example = {}) {
  const inputs = Object.entries(schema.properties).map(([name, field]) => {
    const isFile = field.contentMediaType !== undefined;
    const input = isFile
      ? element("input", { type: "file", required: true })
      : inputFor(field, example[name]);
    return { name, input, isFile };
  });
  return {
    name: "Form with files",
    view: element(
      "div",
      { class: "inputs" },
      ...inputs.map(({ name, input }) => labelled(name, input)),
    ),
    read() {
      const form = new FormData();
      for (const { name, input, isFile } of inputs) {
        // Without one nothing is sent; the command tells where its name belongs.
        if (isFile) form.append(name, input.files[0] ?? new File([], "FILE"));
        else if (input.value !== "") form.append(name, input.value);
      }
      return { body: form, headers: {} };
    },
  };
}

function fileBody() {
  const input = element("input", { type: "file", required: true, "aria-label": "Request body" });
  return {
    name: "File",
    view: input,
    read() {
      const [file] = input.files;
      return { body: file, headers: file?.type ? { "content-type": file.type } : {} };
    },
  };
}

/** The ways in which a request body can be written here, the usual one first. */
function bodiesOf({ requestBody }, schemas) {
  const content = requestBody?.content ?? {};
  const bodies = [];
  const json =
    content["application/x-ndjson"] === undefined ? "application/json" : "application/x-ndjson";
  if (content[json] !== undefined) bodies.push(jsonBody(json, content[json], schemas));
  const form = content["multipart/form-data"];
  const fields = Object.values(form?.schema.properties ?? {});
  if (fields.some(({ contentMediaType }) => contentMediaType !== undefined)) {
    bodies.push(formBody(form, content[json]?.example));
  }
  if (content["*/*"] !== undefined) bodies.push(fileBody());
  return bodies;
}

/** Radio buttons that show one of the bodies; `chosen` tells which. */
function bodyChoice(bodies) {
  let chosen = bodies[0];
  const pane = element("div", {}, ...(chosen === undefined ? [] : [chosen.view]));
  const buttons = bodies.map((body) => {
    const radio = element("input", { type: "radio", name: "body", checked: body === chosen });
    // Before the form hears of it and writes the command anew.
    radio.addEventListener("input", () => {
      chosen = body;
      pane.replaceChildren(body.view);
    });
    return element("label", {}, radio, body.name);
  });
  const choice = element("div", { class: "choice", role: "radiogroup" }, ...buttons);
  return { views: bodies.length > 1 ? [choice, pane] : [pane], chosen: () => chosen };
}

/** Which of several content types to answer with; empty leaves it to the gateway. */
function acceptChoice({ responses }) {
  const types = Object.keys(responses["200"].content);
  const select = element(
    "select",
    {},
    element("option", { value: "" }, "the gateway's choice"),
    ...types.map((type) => element("option", {}, type)),
  );
  return { views: types.length > 1 ? [labelled("accept", select)] : [], select };
}

/** The name of an input as its label has it. */
function nameOf(input) {
  return input.labels[0]?.textContent || input.getAttribute("aria-label") || "";
}

/** Copies what an element shows; the browser may only let it be selected. Resolves with what was done. */
async function copied(shown) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    return "Copied";
  } catch {
    // Pages that did not come over TLS have no clipboard.
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy") ? "Copied" : "Selected";
  }
}

/** The command, with a button that copies it. */
function commandView(command) {
  const copy = element("button", { type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    copy.textContent = await copied(command);
    setTimeout(() => {
      copy.textContent = "Copy";
    }, 2000);
  });
  return element("div", { class: "curl" }, command, copy);
}

/** The form of `operation`, with the curl command it stands for; `key` gives the credential. */
export function trialOf({ path, method, operation }, schemas, key) {
  const parameters = (operation.parameters ?? []).map((parameter) => {
    const input = inputFor(parameter.schema, parameter.example);
    input.required = parameter.required === true;
    return { ...parameter, input };
  });
  const body = bodyChoice(bodiesOf(operation, schemas));
  const accept = acceptChoice(operation);
  const answer = new Answer();
  const command = element("pre", { tabIndex: 0, role: "region", "aria-label": "curl command" });

  const request = () => {
    const values = parameters.map(({ input, ...rest }) => ({ ...rest, text: input.value }));
    const sent = body.chosen()?.read() ?? { body: undefined, headers: {} };
    const accepts = accept.select.value === "" ? {} : { accept: accept.select.value };
    const headers = { ...sent.headers, ...accepts };
    return {
      method: method.toUpperCase(),
      url: urlOf(path, values),
      headers,
      body: sent.body,
      key: key(),
    };
  };
  const tell = () => {
    command.textContent = curlOf(request());
  };

  // Not disabled: a button that is loses the focus, and whoever uses keys loses the place.
  const go = element("button", { type: "submit" }, "Try");
  const stop = element("button", { type: "button", "aria-disabled": "true" }, "Stop");
  stop.addEventListener("click", () => answer.stop());
  const form = element(
    "form",
    { noValidate: true },
    ...parameters.map(({ name, input }) => labelled(name, input)),
    ...body.views,
    ...accept.views,
    element("div", { class: "buttons" }, go, stop),
  );
  form.addEventListener("input", tell);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.ariaDisabled === "true") return;
    const missing = [...form.elements].find((input) => !input.checkValidity());
    if (missing !== undefined) {
      answer.refuse(`${nameOf(missing)}: ${missing.validationMessage}`);
      missing.focus();
      return;
    }
    [go.ariaDisabled, stop.ariaDisabled] = ["true", "false"];
    await answer.show((signal) => send(request(), signal));
    [go.ariaDisabled, stop.ariaDisabled] = ["false", "true"];
  });

  tell();
  return { form, answer, refresh: tell, command: commandView(command) };
}
