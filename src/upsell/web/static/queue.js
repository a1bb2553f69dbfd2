// One hand on the keyboard: single keys do what links, buttons and fields of the page do, and nothing else.
"use strict";

// What has data-key is done by that key: a link is followed, a button pressed, a form opened, an outcome chosen.
// Keys can be turned off for good in this browser; they do nothing in a field, with a modifier, or under the help.
(() => {
  const OFF = "upsell-keys-off";
  const help = document.querySelector("template[data-keys-help]");
  const shown = document.querySelector("[data-keys]");
  if (!(help instanceof HTMLTemplateElement) || !(shown instanceof HTMLElement)) return;

  // Where a browser keeps nothing, what is chosen holds for this page alone.
  let isOff = false;
  try { isOff = localStorage.getItem(OFF) === "yes"; } catch { /* as it is */ }
  const turn = (off) => {
    isOff = off;
    try { localStorage.setItem(OFF, off ? "yes" : ""); } catch { /* as it is */ }
  };

  const showHelp = () => {
    const dialog = help.content.firstElementChild.cloneNode(true);
    const toggle = dialog.querySelector("input");
    toggle.checked = !isOff;
    toggle.addEventListener("change", () => turn(!toggle.checked));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  shown.hidden = false;
  shown.querySelector("button").addEventListener("click", showHelp);

  const isWriting = (target) => target instanceof Element
    && target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable]") !== null;

  const move = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    const at = rows.indexOf(document.activeElement?.closest("li")?.querySelector("[data-row]") ?? null);
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next]?.focus();
  };

  const act = (found) => {
    if (found instanceof HTMLInputElement) {
      found.checked = true;
      found.form?.querySelector("button")?.focus();
    } else if (found instanceof HTMLDetailsElement) {
      found.open = true;
      const first = found.querySelector("input:not([type=hidden])");
      first?.focus();
      if (first?.type !== "radio") first?.select();
    } else {
      found.click();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (isOff || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isWriting(event.target) || document.querySelector("dialog[open]")) return;
    const row = document.activeElement?.closest("[data-row]");
    const found = event.key.length === 1 ? document.querySelector(`[data-key="${CSS.escape(event.key)}"]`) : null;
    if (event.key === "?") showHelp();
    else if (found) act(found);
    else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
    else if (event.key === "o" && row) row.click();
    else return;
    event.preventDefault();
  });

  // A list that is asked for anew does not move under whoever came into it meanwhile.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.matches("[data-live]") && event.target.contains(document.activeElement)) event.preventDefault();
  });
})();
