// Keep the part of a page that changes up to date; without this script the page shows the state of its loading.
"use strict";

/** Replace the elements that differ, so that the focus and the scroll positions of the others stay. */
function update(place, text) {
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  const next = Array.from(fresh.content.children);
  const now = Array.from(place.children);
  if (next.length !== now.length || next.some((each, at) => each.id !== now[at].id)) {
    place.replaceChildren(...next);
    return;
  }
  next.forEach((each, at) => {
    if (each.isEqualNode(now[at])) return;
    if (each.children.length && each.id === now[at].id && !each.matches("table, svg, form")) {
      const own = now[at];
      if (own.children.length === each.children.length) {
        for (const { name, value } of each.attributes) own.setAttribute(name, value);
        update(own, each.innerHTML);
        return;
      }
    }
    now[at].replaceWith(each);
  });
}

for (const place of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("change", (event) => update(place, event.data));
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
}
