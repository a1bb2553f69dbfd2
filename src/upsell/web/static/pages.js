// What pages do beyond what they do without this: nothing that matters is only here.
"use strict";

// A table or list that is live is asked for again by htmx; a page nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  const isTimed = event.target instanceof Element && event.target.matches("[data-live]");
  if (isTimed && (document.hidden || event.target.contains(document.activeElement))) event.preventDefault();
});
