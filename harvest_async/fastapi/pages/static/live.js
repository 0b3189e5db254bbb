// Keep the part of a page that changes up to date; without this script the page shows the state of its loading.
"use strict";

const hasText = (node) => Array.from(node.childNodes).some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
const isWhole = (node) => node.matches("table, svg") || !node.children.length || hasText(node);

/** Give an element the attributes and the content of another; it stays, and with it the focus and the scroll position. */
function change(own, next) {
  if (own.isEqualNode(next)) return;
  if (own.tagName !== next.tagName) {
    own.replaceWith(next);
    return;
  }
  for (const { name } of Array.from(own.attributes)) if (!next.hasAttribute(name)) own.removeAttribute(name);
  for (const { name, value } of next.attributes) own.setAttribute(name, value);
  if (isWhole(own) || isWhole(next)) own.replaceChildren(...next.childNodes);
  else changeChildren(own, next);
}

/** Pair the children of two elements, by id or else by position among those without one. */
function changeChildren(place, fresh) {
  const keyOf = (each, at) => each.id || `${each.tagName} ${at}`;
  const next = Array.from(fresh.children);
  const wanted = new Set(next.map(keyOf));
  const kept = new Map();
  Array.from(place.children).forEach((each, at) => {
    if (wanted.has(keyOf(each, at))) kept.set(keyOf(each, at), each);
    else each.remove();
  });
  let after = place.firstElementChild;
  next.forEach((each, at) => {
    const own = kept.get(keyOf(each, at));
    if (own && own === after) after = own.nextElementSibling;
    else place.insertBefore(own ?? each, after);
    if (own) change(own, each);
  });
}

/** Show the HTML of an event in the place that it is for. */
function update(place, text) {
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  const focused = document.activeElement?.id;
  changeChildren(place, fresh.content);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

for (const place of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("change", (event) => update(place, event.data));
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
}
