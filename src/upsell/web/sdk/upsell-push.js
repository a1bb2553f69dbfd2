/*!
 * Upsell's notifications, in the service worker of your page.
 *
 * A worker has to come from your own site; one line in a file of it is enough:
 *
 *   importScripts("https://upsell.acme.com/sdk/upsell-push.js");
 *
 * It shows what Upsell pushes and leaves every other push to the rest of your worker.
 */
(function (worker) {
  "use strict";

  // Imported twice it is one.
  if (worker.upsellPush) return;

  const VERSION = 1;
  const STORE = "upsell-push";
  const SETTINGS = "/upsell-push/settings";

  /** Give what a push says; null where it is none of ours. */
  function read(data) {
    try {
      const said = data && data.json();
      return said && said.upsell === VERSION ? said : null;
    } catch {
      return null;
    }
  }

  /** Give what the page kept for us: host, key, publicKey, device and icon. */
  async function kept() {
    const answer = await (await caches.open(STORE)).match(SETTINGS);
    return answer ? answer.json() : {};
  }

  async function show({ key, title, text, link, stop, lang }) {
    const { icon } = await kept().catch(() => ({}));
    return worker.registration.showNotification(title, {
      body: text,
      // Given twice it is shown once.
      tag: key,
      dir: "auto",
      data: { upsell: VERSION, key, link, stop: stop && stop.url },
      actions: stop ? [{ action: "stop", title: stop.label }] : [],
      ...(lang ? { lang } : {}),
      ...(icon ? { icon, badge: icon } : {}),
    });
  }

  /** End notifications like this one; where that cannot be told, the page is opened on which it can. */
  async function end(url) {
    try {
      const body = new URLSearchParams({ "List-Unsubscribe": "One-Click" });
      const answer = await fetch(url, { method: "POST", body, credentials: "omit" });
      if (!answer.ok) throw new Error("upsell: the server answered " + answer.status);
    } catch (error) {
      console.error(error);
      await worker.clients.openWindow(url);
    }
  }

  async function press(notification, action) {
    const { link, stop } = notification.data;
    notification.close();
    if (action === "stop") await end(stop);
    else if (link) await worker.clients.openWindow(link);
  }

  /** Put the new subscription in the place of the one that a browser gave up by itself. */
  async function renew(given) {
    const { host, key, publicKey, device, ...rest } = await kept();
    // Ended by the person, or never begun here.
    if (!device) return;
    const fresh =
      given ||
      (await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(publicKey) }));
    const answer = await fetch(host + "/v1/push/subscriptions/renewed", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: "Bearer " + key },
      body: JSON.stringify({ device, subscription: fresh.toJSON() }),
      credentials: "omit",
    });
    if (!answer.ok) throw new Error("upsell: the server answered " + answer.status);
    const told = { host, key, publicKey, ...rest, ...(await answer.json()) };
    await (await caches.open(STORE)).put(SETTINGS, new Response(JSON.stringify(told)));
  }

  function bytes(base64url) {
    const said = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(said, (each) => each.charCodeAt(0));
  }

  worker.addEventListener("push", (event) => {
    const said = read(event.data);
    if (said) event.waitUntil(show(said));
  });

  worker.addEventListener("notificationclick", (event) => {
    const { data } = event.notification;
    if (data && data.upsell) event.waitUntil(press(event.notification, event.action));
  });

  worker.addEventListener("pushsubscriptionchange", (event) => {
    event.waitUntil(renew(event.newSubscription));
  });

  // For tests of your own worker: what is done when a notification is pressed, or a subscription ends.
  worker.upsellPush = { press, renew };
})(self);
