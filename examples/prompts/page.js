"use strict";

const asked = new URLSearchParams(location.search);
const host = "http://127.0.0.1:8600";

// Where our server is away the page goes on without it, and lets its customers in.
const away = { init() {}, on() {}, prompt: async () => null, can: async () => ({ allowed: true }) };
const upsell = window.upsell || away;

for (const name of ["offered", "shown", "clicked", "accepted", "declined", "dismissed", "withheld", "failed"])
  upsell.on(name, (detail) => {
    const line = document.createElement("li");
    line.textContent = name + (detail.error ? ": " + detail.error.message : "");
    document.querySelector("#told").append(line);
  });

upsell.init({ host, key: asked.get("key"), token: asked.get("token") });
upsell.prompt("usage-page", { into: document.querySelector("#offer") });

document.querySelector("#report").addEventListener("click", (event) => {
  upsell.prompt("new-report", { at: event.target });
});
document.querySelector("#sso").addEventListener("click", async () => {
  const { allowed } = await upsell.can("sso");
  if (allowed) alert("Single sign-on is set up.");
});
