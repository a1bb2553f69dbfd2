// Charts that answer a pointer: each is drawn over the picture that stands there without scripts, in the same box.
// Vega is loaded once a chart comes near the window, and evaluates nothing: its interpreter walks what is to be computed.
"use strict";

(() => {
  const { vega: vegaAt, interpreter: interpreterAt } = document.currentScript.dataset;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 44rem)");
  const views = new Map();
  let loaded = null;

  function load(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      script.src = address;
      document.head.append(script);
    });
  }

  // What a pointer is told stands in one place for the whole page, and goes with Escape.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  function tell(_, event, item, words) {
    tip.hidden = typeof words !== "string" || !words;
    if (tip.hidden) return;
    document.body.append(tip);
    tip.textContent = words;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(event.clientX + 12, document.documentElement.clientWidth - width - 8));
    const top = event.clientY - height - 12 < 8 ? event.clientY + 20 : event.clientY - height - 12;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  }

  async function draw(box) {
    loaded ??= load(vegaAt).then(() => load(interpreterAt));
    const theme = dark.matches ? "dark" : "light";
    const room = narrow.matches ? "narrow" : "wide";
    const asked = `${box.dataset.chart}.vega?theme=${theme}&room=${room}&v=${box.dataset.mark}`;
    box.dataset.asked = asked;
    const [answer] = await Promise.all([fetch(asked), loaded]);
    if (!answer.ok) return;
    const runtime = vega.parse(await answer.json(), null, { ast: true });
    // Something else may have been asked for meanwhile, or the page have been loaded again.
    if (box.dataset.asked !== asked || !box.isConnected) return;
    views.get(box)?.finalize();
    box.querySelector(".live-drawing")?.remove();
    const place = document.createElement("div");
    place.className = "live-drawing";
    // The picture below has the words for whoever does not see it.
    place.setAttribute("aria-hidden", "true");
    box.append(place);
    const view = new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: "svg", tooltip: tell, logLevel: vega.Error });
    views.set(box, view);
    await view.initialize(place).runAsync();
    box.classList.add("drawn");
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target).catch((error) => console.error(error));
    }
  }, { rootMargin: "200px" });

  function watch() {
    for (const box of [...views.keys()]) {
      if (box.isConnected) continue;
      views.get(box).finalize();
      views.delete(box);
    }
    for (const box of document.querySelectorAll("[data-chart]:not([data-watched])")) {
      box.dataset.watched = "";
      seen.observe(box);
    }
  }

  function redraw() {
    tip.hidden = true;
    for (const box of views.keys()) draw(box).catch((error) => console.error(error));
  }

  dark.addEventListener("change", redraw);
  narrow.addEventListener("change", redraw);
  document.addEventListener("htmx:afterSettle", watch);
  watch();
})();
