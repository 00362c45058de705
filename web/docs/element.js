/** Makes elements of the page. Text is always text: nothing from the document becomes markup. */

/** An element with properties (`class` and `aria-…` among them) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "form") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A comment as text whose `words in backticks` are code. */
export function prose(text = "") {
  return text.split("`").map((part, index) => (index % 2 === 0 ? part : element("code", {}, part)));
}
