/*!
 * Upsell's notifications in the page: explains, asks, and tells of this browser.
 *
 * Nobody is asked but in answer to a press, and the browser's own question comes after ours was answered with
 * yes: who says no to the browser is lost for good. No dependencies, no cookies, nothing from other hosts.
 *
 *   upsellPush.init({ host: "https://upsell.acme.com", key: "uw_...", token: "<made by your server>" });
 *   button.onclick = () => upsellPush.ask({ text: "We tell you here when your limit is near." });
 */
(function (root) {
  "use strict";

  // Loaded twice it is one.
  if (root.upsellPush) return;

  const STORE = "upsell-push";
  const SETTINGS = "/upsell-push/settings";
  const DAY = 864e5;
  const WORDS = {
    en: {
      title: "Shall we tell you here?",
      text: "{site} then shows you short notices: help, news and offers about what you use, also while this page is closed.",
      end: "You can end them at any time, with a button on each notice or in your browser.",
      endThere: "You can end them at any time in your browser.",
      yes: "Yes, show me notices",
      no: "Not now",
    },
    de: {
      title: "Sollen wir Ihnen hier Bescheid geben?",
      text: "{site} zeigt Ihnen dann kurze Hinweise: Hilfe, Neues und Angebote zu dem, was Sie nutzen, auch wenn diese Seite geschlossen ist.",
      end: "Sie können sie jederzeit beenden, mit einer Schaltfläche an jedem Hinweis oder in Ihrem Browser.",
      endThere: "Sie können sie jederzeit in Ihrem Browser beenden.",
      yes: "Ja, Hinweise zeigen",
      no: "Jetzt nicht",
    },
  };
  const STYLE = `
:host{all:initial!important;--a:var(--upsell-accent,#2457d6);--o:var(--upsell-on-accent,#fff);--s:var(--upsell-surface,#fff);
--t:var(--upsell-text,#1b1f26);--m:var(--upsell-muted,#545b66);--l:var(--upsell-line,#d9dde3);--r:var(--upsell-radius,12px);
font-family:var(--upsell-font,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)!important;color-scheme:light!important}
:host([theme=dark]){--a:var(--upsell-accent,#8ab0ff);--o:var(--upsell-on-accent,#0d1524);--s:var(--upsell-surface,#191d24);
--t:var(--upsell-text,#eceff4);--m:var(--upsell-muted,#a9b1bd);--l:var(--upsell-line,#39404b);color-scheme:dark!important}
*{box-sizing:border-box}
dialog{background:var(--s);color:var(--t);border:1px solid var(--l);border-radius:var(--r);padding:20px;margin:auto;
width:100%;max-width:min(440px,calc(100vw - 32px));max-height:calc(100vh - 32px);overflow:auto;
font-size:16px;line-height:1.5;text-align:start;overflow-wrap:anywhere;box-shadow:0 12px 48px rgba(10,16,28,.28)}
dialog::backdrop{background:rgba(10,16,28,.5)}
h2{font-size:1.2em;line-height:1.3;margin:0 0 8px;font-weight:650}
p{margin:0 0 8px}
.fine{color:var(--m);font-size:.9em}
.row{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}
button{font:inherit;min-height:44px;padding:8px 16px;border-radius:calc(var(--r)*.67);border:1px solid var(--l);
background:transparent;color:var(--t);cursor:pointer}
.go{background:var(--a);border-color:var(--a);color:var(--o);font-weight:600}
:focus-visible{outline:3px solid var(--a);outline-offset:2px}
dialog:focus-visible{outline:0}
@media (max-width:480px){.row>*{flex:1 1 100%}}
@media print{:host{display:none!important}}
`;

  let settings = null;
  let asking = null;

  function needed() {
    if (!settings) throw new Error("upsell: call upsellPush.init first");
    return settings;
  }

  function isSupported() {
    return "serviceWorker" in navigator && "PushManager" in root && "Notification" in root && "caches" in root;
  }

  function el(name, given, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /** Give who looks, as upsell.js does: a token, asked for anew each time where it is a function. */
  async function identity() {
    const { token, anonymousId } = needed();
    if (anonymousId) return { anonymousId };
    return { token: typeof token === "function" ? await token() : token };
  }

  async function ask(path, body) {
    const { host, key } = needed();
    const answer = await fetch(host + path, {
      ...(body
        ? {
            method: "POST",
            headers: { "Content-Type": "application/json", Authorization: "Bearer " + key },
            body: JSON.stringify(body),
          }
        : {}),
      credentials: "omit",
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      const error = new Error("upsell: " + (said.message || "the server answered " + answer.status));
      throw Object.assign(error, { status: answer.status });
    }
    return said;
  }

  async function kept() {
    const answer = await (await caches.open(STORE)).match(SETTINGS);
    return answer ? answer.json() : {};
  }

  /** Keep what the worker needs while no page is open. */
  async function keep(said) {
    const store = await caches.open(STORE);
    await (said ? store.put(SETTINGS, new Response(JSON.stringify(said))) : store.delete(SETTINGS));
  }

  /** Give the registration of the worker: the page's own, or that of the file it names. */
  async function registered() {
    const { registration, worker, scope } = needed();
    if (registration) return registration;
    const made = await navigator.serviceWorker.register(worker || "/upsell-worker.js", scope ? { scope } : {});
    // One that is still being installed cannot subscribe.
    const coming = made.installing || made.waiting;
    if (!made.active && coming)
      await new Promise((done) => coming.addEventListener("statechange", () => coming.state === "activated" && done()));
    return made;
  }

  function bytes(base64url) {
    const said = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(said, (each) => each.charCodeAt(0));
  }

  function isSame(key, other) {
    const one = new Uint8Array(key || []);
    return one.length === other.length && one.every((each, at) => each === other[at]);
  }

  /** Give this browser's subscription by our key of today; with another key nothing would reach it. */
  async function subscribed(registration, publicKey) {
    const applicationServerKey = bytes(publicKey);
    const held = await registration.pushManager.getSubscription();
    if (held && isSame(held.options && held.options.applicationServerKey, applicationServerKey)) return held;
    if (held) await held.unsubscribe();
    return Promise.race([
      registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }),
      new Promise((_, fail) =>
        // A browser that cannot reach its maker's push service waits for it for ever.
        setTimeout(() => fail(new Error("upsell: the browser's push service does not answer")), needed().timeout || 2e4),
      ),
    ]);
  }

  /** Tell of this browser; with the words under which somebody just agreed, where they did. */
  async function tell(agreed) {
    const registration = await registered();
    const { publicKey } = await ask("/v1/push/key");
    const subscription = await subscribed(registration, publicKey);
    const who = await identity();
    const { device } = await ask("/v1/push/subscriptions", {
      ...who,
      subscription: subscription.toJSON(),
      ...(agreed ? { agreed } : {}),
    });
    const { host, key, icon } = needed();
    await keep({ host, key, publicKey, device, icon, told: Date.now(), who: named(who) });
  }

  /** Give whom a token names, to notice that somebody else signed in; it is not believed for anything. */
  function named({ token, anonymousId }) {
    try {
      const { sub, account } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
      return sub + "/" + (account || "");
    } catch {
      return anonymousId || "";
    }
  }

  /** Tell of a browser again whose person agreed before: once a day, and whenever somebody else signed in. */
  async function again() {
    if (!isSupported() || Notification.permission !== "granted") return;
    const { device, told, who } = await kept();
    if (!device) return;
    if (Date.now() - told < DAY && who === named(await identity())) return;
    await tell();
  }

  function words(given) {
    const said = needed().locale || document.documentElement.lang || navigator.language || "en";
    const lang = said.toLowerCase().startsWith("de") ? "de" : "en";
    const ours = WORDS[lang];
    // Not every browser has buttons on its notices.
    const end = Notification.maxActions > 0 ? ours.end : ours.endThere;
    const told = { ...ours, end, ...(needed().words || {}), ...given };
    return { ...told, lang: given.lang || lang, text: told.text.replace("{site}", location.hostname) };
  }

  /** Explain and ask; gives whether the answer was yes, within the press that gave it. */
  function explain({ lang, title, text, end, yes, no }) {
    const host = document.createElement("div");
    const theme = needed().theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    host.setAttribute("theme", theme);
    host.lang = lang;
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    const go = el("button", { class: "go", type: "button" }, yes);
    const not = el("button", { type: "button" }, no);
    const box = el(
      "dialog",
      { "aria-labelledby": "t", "aria-describedby": "p", tabindex: "-1" },
      el("h2", { id: "t" }, title),
      el("div", { id: "p" }, el("p", {}, text), el("p", { class: "fine" }, end)),
      el("div", { class: "row" }, go, not),
    );
    shadow.append(box);
    document.body.append(host);
    const before = document.activeElement;
    box.showModal();
    // Not its button: a key already on its way would answer what is still to be read.
    box.focus();
    return new Promise((done) => {
      const close = (answer) => {
        if (!host.isConnected) return;
        box.close();
        host.remove();
        if (before && before.isConnected) before.focus();
        done(answer);
      };
      go.onclick = () => close(Notification.requestPermission());
      not.onclick = () => close(null);
      box.oncancel = () => close(null);
    });
  }

  async function asked(given) {
    if (!isSupported()) return "unsupported";
    if (Notification.permission === "denied") return "blocked";
    // Browsers hold against a site what it asks by itself, and people do too.
    if (navigator.userActivation && !navigator.userActivation.isActive)
      throw new Error("upsell: call upsellPush.ask in answer to a press, such as of a button, and at once");
    const said = words(given);
    const permission = await explain(said);
    if (permission === "denied") return "blocked";
    if (permission !== "granted") return "later";
    await tell({ words: [said.title, said.text, said.end, said.yes].join("\n"), lang: said.lang });
    return "on";
  }

  root.upsellPush = {
    /** Say which server, with which write key, for whom; a browser whose person agreed before is told of again. */
    init(given) {
      for (const name of ["host", "key", given && given.anonymousId ? "anonymousId" : "token"])
        if (!given || !given[name]) throw new Error("upsell: expected " + name + " in upsellPush.init, got none");
      settings = { ...given, host: given.host.replace(/\/+$/, "") };
      again().catch((error) => console.error(error));
      return root.upsellPush;
    },

    /** Explain and ask, in answer to a press; gives on, later, blocked, unsupported or failed. */
    async ask(given = {}) {
      if (asking) return asking;
      asking = asked(given).catch((error) => {
        // The page of the customer goes on whatever becomes of us.
        console.error(error);
        return "failed";
      });
      try {
        return await asking;
      } finally {
        asking = null;
      }
    },

    /** Say how it stands in this browser: on, off, blocked or unsupported. */
    async state() {
      if (!isSupported()) return "unsupported";
      if (Notification.permission === "denied") return "blocked";
      const { device } = await kept();
      return device && Notification.permission === "granted" ? "on" : "off";
    },

    /** Show nothing in this browser any more: for a switch in your settings, and when somebody signs out. */
    async unsubscribe() {
      const { device } = await kept();
      const registration = needed().registration || (await navigator.serviceWorker.getRegistration(needed().scope));
      const held = registration && (await registration.pushManager.getSubscription());
      // First here: whatever the server answers, nothing is shown.
      if (held) await held.unsubscribe();
      await keep(null);
      // What the server does not hear now it learns from the push service, which knows the browser no more.
      if (device) await ask("/v1/push/subscriptions/ended", { device }).catch((error) => console.error(error));
      return "off";
    },
  };
})(window);
