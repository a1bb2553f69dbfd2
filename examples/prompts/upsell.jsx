import { createContext, useContext, useEffect, useRef, useState } from "react";

const Ready = createContext(false);

/** Loads the snippet once and says for whom; everything under it may ask. */
export function UpsellProvider({ host, apiKey, token, children }) {
  const [isReady, setReady] = useState(Boolean(globalThis.upsell));
  useEffect(() => {
    const begin = () => {
      globalThis.upsell.init({ host, key: apiKey, token });
      setReady(true);
    };
    if (globalThis.upsell) return begin();
    const script = document.createElement("script");
    script.src = host + "/sdk/upsell.js";
    script.addEventListener("load", begin);
    document.head.append(script);
    return () => script.removeEventListener("load", begin);
  }, [host, apiKey, token]);
  return <Ready.Provider value={isReady}>{children}</Ready.Provider>;
}

/** The place of a card: it keeps its room, and holds what may be shown there. */
export function UpsellSlot({ placement, context, minHeight = 0, onAccepted }) {
  const isReady = useContext(Ready);
  const place = useRef(null);
  const said = JSON.stringify(context || {});
  useEffect(() => {
    if (!isReady) return;
    let shown = null;
    let isGone = false;
    globalThis.upsell.prompt(placement, { into: place.current, context: JSON.parse(said) }).then((prompt) => {
      shown = prompt;
      if (isGone && shown && shown.close) shown.close();
    });
    return () => {
      isGone = true;
      if (shown && shown.close) shown.close();
    };
  }, [isReady, placement, said]);
  useEffect(() => (isReady && onAccepted ? globalThis.upsell.on("accepted", onAccepted) : undefined), [isReady, onAccepted]);
  return <div ref={place} style={{ minHeight }} />;
}

/** Whether a feature may be used: null until it is known; where it may not, what would open it is shown. */
export function useCan(feature, given) {
  const isReady = useContext(Ready);
  const [isAllowed, setAllowed] = useState(null);
  useEffect(() => {
    if (isReady) globalThis.upsell.can(feature, given).then((answer) => setAllowed(answer.allowed));
  }, [isReady, feature]);
  return isAllowed;
}
