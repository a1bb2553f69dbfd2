/*!
 * Upsell in the page: asks for prompts, shows them, and hears the answer.
 *
 * No dependencies, no cookies, nothing from other hosts. It draws into a shadow root with a
 * constructed style sheet, so a content security policy without 'unsafe-inline' is enough:
 * script-src and connect-src name the Upsell server, and that is all.
 *
 *   upsell.init({ host: "https://upsell.acme.com", key: "uw_...", token: "<made by your server>" });
 *   upsell.prompt("usage-page", { into: document.querySelector("#offer") });
 *   const { allowed } = await upsell.can("sso");
 *   upsell.checkout({ items: [{ id: "kettle", price: 2900 }], currency: "USD" }, { into, apply });
 *   upsell.on("accepted", (prompt) => location.reload());
 */
(function (root) {
  "use strict";

  // Loaded twice it is one: what the page asked for and said stays.
  if (root.upsell && root.upsell.prompt) return;

  const KINDS = ["modal", "paywall", "banner", "tooltip", "card"];
  const QUEUE = "upsell.answers";
  const MOST_QUEUED = 50;
  const DAY = 864e5;
  const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ks|ps|sd|ug|ur|yi)\b/;
  const STYLE = `
:host{all:initial!important;--a:var(--upsell-accent,#2457d6);--o:var(--upsell-on-accent,#fff);--s:var(--upsell-surface,#fff);
--t:var(--upsell-text,#1b1f26);--m:var(--upsell-muted,#545b66);--l:var(--upsell-line,#d9dde3);
--e:var(--upsell-error,#a3261d);--r:var(--upsell-radius,12px);
font-family:var(--upsell-font,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)!important;color-scheme:light!important}
:host([theme=dark]){--a:var(--upsell-accent,#8ab0ff);--o:var(--upsell-on-accent,#0d1524);--s:var(--upsell-surface,#191d24);
--t:var(--upsell-text,#eceff4);--m:var(--upsell-muted,#a9b1bd);--l:var(--upsell-line,#39404b);--e:var(--upsell-error,#ff9d92);
color-scheme:dark!important}
@media (prefers-contrast:more){:host,:host([theme]){--m:var(--t);--l:var(--t)}.quiet{border-color:var(--l)!important}}
*{box-sizing:border-box}
.box{background:var(--s);color:var(--t);border:1px solid var(--l);border-radius:var(--r);padding:20px;margin:0;
font-size:16px;line-height:1.5;text-align:start;overflow-wrap:anywhere;position:relative}
dialog.box{max-width:min(480px,calc(100vw - 32px));width:100%;max-height:calc(100vh - 32px);overflow:auto;
margin:auto;box-shadow:0 12px 48px rgba(10,16,28,.28)}
dialog::backdrop{background:rgba(10,16,28,.5)}
.banner{position:fixed;inset-inline:0;bottom:0;margin:0 auto;max-width:960px;border-bottom:0;
border-end-start-radius:0;border-end-end-radius:0;box-shadow:0 -6px 28px rgba(10,16,28,.16);z-index:2147483000;
max-height:60vh;overflow:auto}
.tooltip{position:fixed;width:min(320px,calc(100vw - 16px));z-index:2147483000;padding:16px;
max-height:calc(100vh - 16px);overflow:auto;
box-shadow:0 8px 32px rgba(10,16,28,.2)}
h2{font-size:1.2em;line-height:1.3;margin:0 0 8px;padding-inline-end:32px;font-weight:650}
p,ul{margin:0 0 8px}
ul{padding:0;padding-inline-start:18px}
li,.fine{color:var(--m);font-size:.9em}
.price{font-weight:600}
.row{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px;align-items:center}
button,a.go{font:inherit;min-height:44px;padding:8px 16px;border-radius:calc(var(--r)*.67);border:1px solid var(--l);
background:transparent;color:var(--t);cursor:pointer;text-decoration:none;display:inline-flex;align-items:center}
.go{background:var(--a)!important;border-color:var(--a)!important;color:var(--o)!important;font-weight:600}
.quiet{border-color:transparent;color:var(--m)}
button[aria-disabled=true]{opacity:.6;cursor:default}
.x{position:absolute;top:8px;inset-inline-end:8px;min-width:44px;padding:0;justify-content:center;border-color:transparent;
font-size:20px;line-height:1}
.box:focus-visible{outline:0}
:focus-visible:not(.box){outline:3px solid var(--a);outline-offset:2px}
.said{margin:12px 0 0}
/* The room of both is there before their words are. */
.due{min-height:4.6em;margin:0}
.said:empty{margin:0}
.card .said{margin:12px 0 0;min-height:1.5em}
.row>*{justify-content:center;text-align:center}
.tooltip .row>*{flex:1 1 100%}
@media (max-width:480px){.row>*{flex:1 1 100%}.due{min-height:6.1em}}
.bad{color:var(--e)}
fieldset{border:0;margin:0;padding:0}
legend{padding:0;font-weight:600;margin-bottom:4px}
label{display:flex;gap:10px;align-items:center;min-height:44px}
input{width:20px;height:20px;accent-color:var(--a);margin:0}
@media (prefers-reduced-motion:no-preference){.in{animation:in .16s ease-out}}
@keyframes in{from{opacity:0;translate:0 6px}}
/* Its words are no text of the page, so that nobody reads them twice. */
.sr{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;white-space:nowrap;clip-path:inset(50%)}
.sr::after{content:attr(data-said)}
@media print{:host{display:none!important}}
`;

  let settings = null;
  let sheet = null;
  let who = null;
  const heard = {};
  const atCheckout = { number: 0, key: "" };
  const open = new Map();
  const tabs = channel();

  /** Give the way to the other tabs; none where a page may not have one. */
  function channel() {
    try {
      return new BroadcastChannel("upsell");
    } catch {
      return null;
    }
  }

  /** Make an element with attributes, listeners (on...) and children; what is null is left out. */
  function el(name, given, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given || {})) {
      if (value === null || value === undefined) continue;
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  function tell(name, detail) {
    for (const hear of [...(heard[name] || [])]) {
      try {
        hear(detail);
      } catch (error) {
        console.error(error);
      }
    }
    document.dispatchEvent(new CustomEvent("upsell:" + name, { detail }));
  }

  /** Tell the page that something did not work, and whoever programs it why. */
  function fail(detail) {
    console.warn(String(detail.error.message || detail.error));
    tell("failed", detail);
  }

  function needed() {
    if (!settings) throw new Error("upsell: expected upsell.init({host, key, token}) before this, got none");
    return settings;
  }

  /** Say who looks: by the token that the page's server made, or a visitor by the id of their device. */
  async function identity() {
    const { token, anonymousId } = needed();
    const told = typeof token === "function" ? await token() : token;
    return told || !anonymousId ? { token: told } : { anonymousId };
  }

  /** Whom that names; of a token, unread by anybody else, the part of it that says so. */
  function nameOf({ token, anonymousId }) {
    if (anonymousId) return JSON.stringify({ anonymousId });
    try {
      const { sub, account } = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
      return JSON.stringify([sub, account]);
    } catch {
      return null;
    }
  }

  /** An id that nobody had before, also where a page is not served securely. */
  function newId() {
    return [...root.crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
  }

  async function post(path, body, more) {
    const { host, key } = needed();
    const asker = await identity();
    who = nameOf(asker);
    const answer = await fetch(host + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + key },
      body: JSON.stringify({ ...body, ...asker }),
      credentials: "omit",
      ...more,
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      const error = new Error("upsell: " + (said.message || "the server answered " + answer.status));
      Object.assign(error, { status: answer.status, code: said.code, words: said.words });
      throw error;
    }
    return said;
  }

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(QUEUE)) || [];
    } catch {
      return [];
    }
  }

  function keep(answers) {
    try {
      if (answers.length) localStorage.setItem(QUEUE, JSON.stringify(answers.slice(-MOST_QUEUED)));
      else localStorage.removeItem(QUEUE);
    } catch {
      // A page that may not store loses what was said while it was offline, and nothing else.
    }
  }

  /** Say what became of a prompt; what cannot be said now is said when the browser is online again. */
  async function say(prompt, act, more) {
    const body = { key: prompt.key, id: newId(), ...more };
    try {
      await post("/v1/prompts/" + act, body, { keepalive: true });
    } catch (error) {
      if (mayBeSaidAgain(error)) keep([...kept(), { act, body, who, at: Date.now() }]);
    }
  }

  /** Whether nobody has heard it: no answer, a server that is busy or away, or a token that has ended. */
  function mayBeSaidAgain({ status }) {
    return status === undefined || status >= 500 || status === 401 || status === 429;
  }

  /** Say what is kept, but what another said in this browser; a "no" is never too old. */
  async function sayKept() {
    const waiting = kept();
    if (!waiting.length) return;
    const me = await Promise.resolve().then(identity).then(nameOf, () => null);
    for (const { act, body, who: said, at } of waiting) {
      const isOld = act !== "declined" && Date.now() - at > DAY;
      if (!isOld && said !== me) continue;
      try {
        if (!isOld) await post("/v1/prompts/" + act, body, { keepalive: true });
      } catch (error) {
        if (mayBeSaidAgain(error)) return;
      }
      // Each leaves when it was heard: a page that is closed in between loses none.
      keep(kept().filter((each) => each.body.id !== body.id));
    }
  }

  /** One prompt in the page. */
  class Prompt {
    constructor(said, given) {
      this.said = said;
      this.kind = KINDS.includes(said.kind) ? said.kind : given.into ? "card" : given.at ? "tooltip" : "banner";
      if (this.kind === "card" && !given.into) this.kind = "banner";
      if (this.kind === "tooltip" && !(given.at && given.at.isConnected)) this.kind = "banner";
      this.given = given;
      this.isBusy = false;
      this.listeners = new AbortController();
    }

    show() {
      const before = document.activeElement;
      const { lang } = this.said;
      const dir = RIGHT_TO_LEFT.test(lang) ? "rtl" : "ltr";
      this.host = el("div", { lang, dir, "data-upsell": this.kind });
      this.dark = root.matchMedia("(prefers-color-scheme: dark)");
      const paint = () => {
        const theme = settings.theme || "auto";
        this.host.setAttribute("theme", theme === "auto" ? (this.dark.matches ? "dark" : "light") : theme);
      };
      paint();
      const { signal } = this.listeners;
      this.dark.addEventListener("change", paint, { signal });
      const shadow = this.host.attachShadow({ mode: "open" });
      shadow.adoptedStyleSheets = [(sheet = sheet || styled())];
      this.box = this.draw();
      shadow.append(this.box);
      (this.kind === "card" ? this.given.into : document.body).append(this.host);
      if (this.isModal) {
        this.box.addEventListener("cancel", (event) => (event.preventDefault(), this.dismiss()), { signal });
        // A browser closes it when it is told twice, whatever we say.
        this.box.addEventListener("close", () => this.close(), { signal });
        this.box.showModal();
        // Not a button: a key already on its way accepts nothing.
        this.box.focus();
        this.focusBack = before;
      } else if (this.kind !== "card") {
        const leave = (event) => {
          if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) this.dismiss();
        };
        document.addEventListener("keydown", leave, { signal });
        // Nothing moves the focus here, so it is said that it came: what is heard must be there before.
        setTimeout(() => this.aloud.setAttribute("data-said", this.said.title), 100);
      }
      if (this.kind === "tooltip") {
        const place = () => this.place();
        place();
        root.addEventListener("resize", place, { signal });
        root.addEventListener("scroll", place, { signal, passive: true, capture: true });
      }
      open.set(this.said.key, this);
      this.watch();
      return this;
    }

    get isModal() {
      return this.kind === "modal" || this.kind === "paywall";
    }

    /** Say that it was seen when at least half of it was, or of the window, for a second. */
    watch() {
      let timer = null;
      let isInSight = false;
      const { signal } = this.listeners;
      const look = () => {
        clearTimeout(timer);
        if (!isInSight || document.visibilityState !== "visible") return;
        timer = setTimeout(() => {
          stop();
          this.foresee();
          say(this.said, "shown");
          tell("shown", this.said);
        }, 1000);
      };
      const seen = new IntersectionObserver(
        (entries) => {
          const { intersectionRatio, intersectionRect } = entries[entries.length - 1];
          isInSight = intersectionRatio >= 0.5 || intersectionRect.height * 2 >= root.innerHeight;
          look();
        },
        { threshold: [0, 0.1, 0.2, 0.3, 0.4, 0.5] },
      );
      const stop = () => {
        clearTimeout(timer);
        seen.disconnect();
        document.removeEventListener("visibilitychange", look);
      };
      seen.observe(this.box);
      document.addEventListener("visibilitychange", look, { signal });
      signal.addEventListener("abort", stop);
    }

    /** Say what would be charged, once that is known; the prompt and its buttons wait for nothing. */
    async foresee() {
      if (!this.due) return;
      const { key, lang } = this.said;
      const { lines } = await post("/v1/prompts/charges", { key, locale: lang }, inTime()).catch(() => ({}));
      this.due.textContent = (lines || [""])[0];
    }

    draw() {
      const { said } = this;
      const words = said.words || {};
      const button = (text, does, style) => el("button", { type: "button", class: style, onclick: does }, text);
      this.status = el("p", { class: "said", role: "status" });
      this.aloud = el("p", { class: "sr", role: "status" });
      this.buttons = el(
        "div",
        { class: "row" },
        said.accept ? button(said.accept.label, () => this.accept(), "go") : null,
        said.link ? this.link(said.link, said.accept ? "" : "go") : null,
        button(words.later, () => this.decline("not_now"), ""),
        said.accept ? button(words.never, () => this.askWhy(), "quiet") : null,
      );
      const parts = [
        el("h2", { id: "title" }, said.title),
        ...(said.paragraphs || []).map((text) => el("p", {}, text)),
        said.price ? el("p", { class: "price" }, said.price) : null,
        (said.terms || []).length ? el("ul", {}, ...said.terms.map((term) => el("li", {}, term))) : null,
        (this.due = said.charges ? el("p", { class: "fine due", "aria-live": "polite" }, said.charges) : null),
        this.buttons,
        this.status,
        el("button", { type: "button", class: "x", "aria-label": words.close, onclick: () => this.dismiss() }, "×"),
      ];
      const named = { "aria-labelledby": "title", class: "box in " + this.kind };
      if (this.isModal) return el("dialog", { ...named, tabindex: "-1" }, ...parts);
      if (this.kind === "card") return el("section", { ...named, tabindex: "-1", role: "region" }, ...parts);
      return el("section", { ...named, tabindex: "-1", role: "dialog" }, ...parts, this.aloud);
    }

    link({ label, url }, style) {
      const isPlain = /^(https?:|\/)/.test(url);
      const follow = () => (say(this.said, "clicked"), tell("clicked", this.said));
      return isPlain ? el("a", { class: "go" === style ? "go" : "go quiet", href: url, onclick: follow }, label) : null;
    }

    /** Put a tooltip under what it speaks of, or over it where there is no room. */
    place() {
      if (!this.given.at.isConnected) return this.close();
      const at = this.given.at.getBoundingClientRect();
      const { offsetWidth: wide, offsetHeight: high } = this.box;
      const below = at.bottom + 8 + high <= root.innerHeight || at.top - 8 - high < 0;
      const left = Math.min(Math.max(8, at.left + at.width / 2 - wide / 2), root.innerWidth - wide - 8);
      this.box.style.left = left + "px";
      const top = below ? at.bottom + 8 : at.top - 8 - high;
      // What has room nowhere covers what it speaks of rather than lie outside the window.
      const isInSight = at.bottom > 0 && at.top < root.innerHeight;
      const held = Math.max(8, Math.min(top, root.innerHeight - high - 8));
      this.box.style.top = (isInSight ? held : top) + "px";
    }

    async accept() {
      if (this.isBusy) return;
      const { said } = this;
      const words = said.words || {};
      this.busy(true, words.working);
      tell("clicked", said);
      try {
        const { price, currency } = said.accept;
        const body = { key: said.key, price, currency, locale: said.lang };
        const answer = await post("/v1/prompts/accepted", body);
        if (answer.cart && this.given.apply) await this.change(answer.cart);
        tabs && tabs.postMessage({ key: said.key });
        this.finish(answer.message || words.accepted);
        const { pay } = answer;
        if (pay) this.status.after(el("a", { class: "go", href: pay.url }, pay.label));
        tell("accepted", { ...said, answer });
      } catch (error) {
        this.busy(false);
        const known = error.words || (error.code === "over" ? words.over : words.failed);
        this.tell(error.status === undefined ? words.offline : known);
        if (error.code === "role" && words.ask && !this.mayAsk) {
          this.mayAsk = el("button", { type: "button", onclick: () => this.ask() }, words.ask);
          this.buttons.append(this.mayAsk);
          this.mayAsk.focus();
        }
        fail({ ...said, error });
      }
    }

    /** Ask those who may decide for the account, where whoever looks may not. */
    async ask() {
      if (this.isBusy) return;
      const { said } = this;
      this.busy(true, said.words.working);
      try {
        const answer = await post("/v1/prompts/asked", { key: said.key, locale: said.lang });
        this.finish(answer.message);
        tell("asked", { ...said, answer });
      } catch (error) {
        this.busy(false);
        this.tell(error.words || (error.status === undefined ? said.words.offline : said.words.failed));
        fail({ ...said, error });
      }
    }

    /** Let the page change its cart: what it could not is not said to be done, and can be tried again. */
    async change(cart) {
      try {
        await this.given.apply(cart);
      } catch (cause) {
        throw Object.assign(new Error("upsell: apply did not change the cart", { cause }), { status: 0 });
      }
    }

    /** Ask what speaks against it before "never" is said; no answer is needed. */
    askWhy() {
      const { said } = this;
      const words = said.words || {};
      const reasons = said.reasons || [];
      if (!reasons.length) return this.decline("never");
      const choose = el("fieldset", {}, el("legend", {}, words.why));
      for (const { value, label } of reasons)
        choose.append(el("label", {}, el("input", { type: "radio", name: "why", value }), label));
      const form = el(
        "form",
        {
          onsubmit: (event) => {
            event.preventDefault();
            this.decline("never", new FormData(form).get("why"));
          },
        },
        choose,
        el("div", { class: "row" }, el("button", { class: "go" }, words.never)),
      );
      this.buttons.replaceWith(form);
      form.querySelector("input").focus();
      if (this.kind === "tooltip") this.place();
    }

    decline(answer, reason) {
      if (this.isBusy) return;
      say(this.said, "declined", { answer, ...(reason ? { reason } : {}) });
      tabs && tabs.postMessage({ key: this.said.key });
      tell("declined", { ...this.said, answer, reason });
      this.close();
    }

    dismiss() {
      if (this.isBusy) return;
      if (!this.isDone) {
        say(this.said, "dismissed");
        tell("dismissed", this.said);
      }
      this.close();
    }

    busy(is, text) {
      this.isBusy = is;
      for (const each of this.box.querySelectorAll("button")) each.setAttribute("aria-disabled", String(is));
      if (text) this.tell(text, true);
    }

    tell(text, isGood) {
      this.status.textContent = text || "";
      this.status.classList.toggle("bad", !isGood);
    }

    finish(text) {
      this.busy(false);
      this.isDone = true;
      // What stands in the page keeps its height, so that nothing below it moves.
      if (this.kind === "card") this.box.style.minHeight = this.box.getBoundingClientRect().height + "px";
      this.buttons.remove();
      if (this.due) this.due.remove();
      this.tell(text, true);
      // Not its button: a key already on its way would close what is still to be read.
      this.box.focus();
    }

    close() {
      this.listeners.abort();
      if (this.isModal && this.box.open) this.box.close();
      this.host.remove();
      open.delete(this.said.key);
      if (this.focusBack && this.focusBack.isConnected) this.focusBack.focus();
    }
  }

  function styled() {
    const made = new CSSStyleSheet();
    made.replaceSync(STYLE);
    return made;
  }

  function present(said, given) {
    if (!said) return null;
    // What went with a part of the page, as in another view of it, stands in no way.
    for (const other of [...open.values()]) if (!other.host.isConnected) other.close();
    const there = open.get(said.key);
    if (there) return there;
    // What has no words of its own is drawn by the page, which hears of it.
    if (!said.title) return tell("offered", said), { said };
    // One thing at a time is asked over the whole page; what stands in its place in the page may stay.
    for (const other of open.values()) if (other.kind !== "card") return null;
    return new Prompt(said, given).show();
  }

  /** What is asked for is waited for this long and no longer: a page goes on without us. */
  function inTime() {
    const { timeout } = needed();
    return { signal: AbortSignal.timeout && AbortSignal.timeout(timeout || 5000) };
  }

  function asked({ context }) {
    const locale = needed().locale || document.documentElement.lang || navigator.language;
    return { locale, ...(context ? { context } : {}) };
  }

  const upsell = {
    /** Say which server, with which write key, for whom: a token made by your server, or what gives one. */
    init(given) {
      for (const name of ["host", "key", given && given.anonymousId ? "anonymousId" : "token"])
        if (!given || !given[name]) throw new Error("upsell: expected " + name + " in upsell.init, got none");
      settings = { ...given, host: given.host.replace(/\/+$/, "") };
      sayKept();
      return upsell;
    },

    /** Ask what may be shown at a placement and show it; gives what is shown, null when nothing is. */
    async prompt(placement, given = {}) {
      try {
        const { prompt } = await post("/v1/prompts", { placement, ...asked(given) }, inTime());
        if (!prompt) tell("withheld", { placement });
        return present(prompt, given);
      } catch (error) {
        // The page of the customer goes on whatever becomes of us.
        fail({ placement, error });
        return null;
      }
    },

    /**
     * Ask what goes with a cart and show it in its place; asked again with another cart it is another.
     *
     * `apply` changes the page's cart as the answer says: {currency, remove: [{id, quantity, price}], add: [...]}.
     */
    async checkout(cart, given = {}) {
      const mine = (atCheckout.number += 1);
      const standing = () => open.get(atCheckout.key);
      try {
        // The page changes its cart by what was taken just now.
        if (standing()?.isBusy) return null;
        const placement = given.placement || "checkout";
        const { prompt } = await post("/v1/prompts", { placement, cart, ...asked(given) });
        // The cart has changed again meanwhile.
        if (mine !== atCheckout.number || standing()?.isBusy) return null;
        const old = standing();
        const isOver = old && (old.isDone ? prompt : !prompt || prompt.key !== old.said.key);
        const hadFocus = isOver && document.activeElement === old.host;
        if (isOver) old.close();
        if (!prompt) tell("withheld", { placement });
        const made = present(prompt, given);
        if (made && made.box) atCheckout.key = prompt.key;
        if (hadFocus && made && made.box) made.box.focus();
        return made;
      } catch (error) {
        tell("failed", { error });
        return null;
      }
    },

    /** Ask whether a feature may be used; where it may not, what would open it is shown. */
    async can(feature, given = {}) {
      try {
        const place = given.placement ? { placement: given.placement } : {};
        const answer = await post("/v1/can", { feature, ...place, ...asked(given) }, inTime());
        if (!answer.allowed) present(answer.prompt, given);
        return answer;
      } catch (error) {
        fail({ feature, error });
        return { allowed: given.otherwise === undefined ? true : given.otherwise, unknown: true };
      }
    },

    /** Hear offered, shown, clicked, accepted, declined, dismissed, withheld or failed; gives what ends it. */
    on(name, hear) {
      (heard[name] = heard[name] || []).push(hear);
      return () => (heard[name] = heard[name].filter((other) => other !== hear));
    },

    /** Ask for a placement again whenever something changed for this customer; gives what ends it. */
    live(placement, given = {}) {
      const stop = new AbortController();
      follow(placement, given, stop.signal);
      return () => stop.abort();
    },

    /** Take every prompt away without an answer. */
    close() {
      for (const prompt of [...open.values()]) prompt.close();
    },
  };

  /** Follow the server's events; a connection that ends is opened again, later each time. */
  async function follow(placement, given, signal) {
    let pause = 1000;
    while (!signal.aborted) {
      try {
        const { host, key } = needed();
        const answer = await fetch(host + "/v1/prompts/live", {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: "Bearer " + key },
          body: JSON.stringify(await identity()),
          credentials: "omit",
          signal,
        });
        if (answer.ok) {
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          for (let rest = "", part; !(part = await reader.read()).done; ) {
            rest += part.value;
            const lines = rest.split("\n\n");
            rest = lines.pop();
            if (lines.some((line) => line.startsWith("event: changed"))) {
              pause = 1000;
              upsell.prompt(placement, given);
            }
          }
        } else if (answer.status < 500 && answer.status !== 429) {
          const { message } = await answer.json().catch(() => ({}));
          return fail({ placement, error: new Error("upsell: " + (message || "the server answered " + answer.status)) });
        }
      } catch {
        // Told again below.
      }
      await new Promise((done) => setTimeout(done, pause + Math.random() * 1000));
      pause = Math.min(pause * 2, 6e4);
    }
  }

  root.addEventListener("online", () => settings && sayKept());

  // What was answered in one tab is answered in all.
  if (tabs)
    tabs.onmessage = ({ data }) => {
      const prompt = data && open.get(data.key);
      if (prompt) prompt.close();
    };

  root.upsell = upsell;
})(window);
