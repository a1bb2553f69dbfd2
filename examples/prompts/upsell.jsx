import { createContext, createElement, useContext, useEffect, useRef, useState } from "react";

const AWAY = { prompt: async () => null, can: async () => ({ allowed: true, unknown: true }), on: () => () => {} };
const Ready = createContext(null);

/** Loads the snippet once and says for whom; everything under it may ask, and goes on where it cannot be loaded. */
export function UpsellProvider({ host, apiKey, token, children }) {
  const [upsell, setUpsell] = useState(null);
  // A token that is a function may be another one each time this is drawn: the newest is asked.
  const newest = useRef(token);
  newest.current = token;
  const whose = typeof token === "function" ? "" : token;
  useEffect(() => {
    const begin = () => {
      const ask = () => (typeof newest.current === "function" ? newest.current() : newest.current);
      setUpsell(globalThis.upsell.init({ host, key: apiKey, token: ask }));
    };
    if (globalThis.upsell) return begin();
    const giveUp = () => setUpsell(AWAY);
    const script = document.createElement("script");
    script.src = host + "/sdk/upsell.js";
    script.addEventListener("load", begin);
    script.addEventListener("error", giveUp);
    document.head.append(script);
    return () => {
      script.removeEventListener("load", begin);
      script.removeEventListener("error", giveUp);
    };
  }, [host, apiKey, whose]);
  return createElement(Ready.Provider, { value: upsell }, children);
}

/** The place of a card: it keeps its room, and holds what may be shown there. */
export function UpsellSlot({ placement, context, minHeight = 0, onAccepted }) {
  const upsell = useContext(Ready);
  const place = useRef(null);
  const said = JSON.stringify(context || {});
  useEffect(() => {
    if (!upsell) return;
    const given = { into: place.current, context: JSON.parse(said) };
    let shown = null;
    let isGone = false;
    // What was there before it was asked for here is not ours to close.
    const close = () => shown && shown.given === given && shown.close();
    upsell.prompt(placement, given).then((prompt) => {
      shown = prompt;
      if (isGone) close();
    });
    return () => {
      isGone = true;
      close();
    };
  }, [upsell, placement, said]);
  useEffect(() => (upsell && onAccepted ? upsell.on("accepted", onAccepted) : undefined), [upsell, onAccepted]);
  return createElement("div", { ref: place, style: { minHeight } });
}

/** Whether a feature may be used: null until it is known; where it may not, what would open it is shown. */
export function useCan(feature, given) {
  const upsell = useContext(Ready);
  const [isAllowed, setAllowed] = useState(null);
  useEffect(() => {
    let isGone = false;
    setAllowed(null);
    if (upsell) upsell.can(feature, given).then(({ allowed }) => isGone || setAllowed(allowed));
    return () => {
      isGone = true;
    };
  }, [upsell, feature]);
  return isAllowed;
}
