"use strict";

const asked = new URLSearchParams(location.search);
const host = "http://127.0.0.1:8600";
const [notices, state] = ["#notices", "#state"].map((id) => document.querySelector(id));

const SAID = {
  on: "Notices are on in this browser.",
  off: "Notices are off in this browser.",
  later: "Notices are off in this browser.",
  blocked: "This browser blocks notices from us: allow them beside its address bar first.",
  unsupported: "This browser shows no notices.",
  failed: "That did not work. Try again later.",
};
let stands = "failed";

function show(said) {
  stands = said;
  state.textContent = SAID[said];
  notices.textContent = said === "on" ? "Turn off notices" : "Turn on notices";
  notices.hidden = said === "blocked" || said === "unsupported";
}

// Where our server is away the page goes on without it.
if (window.upsellPush) {
  upsellPush.init({ host, key: asked.get("key"), token: asked.get("token") });
  upsellPush.state().then(show);
  notices.addEventListener("click", async () => {
    const text = "We show you a notice when your limit is near, with help and offers that fit.";
    show(stands === "on" ? await upsellPush.unsubscribe() : await upsellPush.ask({ text }));
  });
} else {
  show("unsupported");
}
