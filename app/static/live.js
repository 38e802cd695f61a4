// Keeps a page up to date: asks for it again while it is looked at, and puts in place what changed.
// #refreshed says how often, in seconds, and what to say of it; each part that may change has data-live and an id.
const refreshed = document.getElementById("refreshed");
const parts = [...document.querySelectorAll("[data-live]")];
const shown = new Map(parts.map((part) => [part.id, part.innerHTML]));
let etag = "";
let asking = false;

// What a reader opened stays open, and the focus stays where it was.
function swap(part, newer) {
  const state = (root) => [...root.querySelectorAll("details")];
  const stops = (root) => [...root.querySelectorAll("a, button, summary, [tabindex]")];
  const open = state(part).map((item) => item.open);
  const focused = stops(part).indexOf(document.activeElement);
  shown.set(part.id, newer.innerHTML);
  part.replaceChildren(...newer.childNodes);
  const details = state(part);
  if (details.length === open.length) details.forEach((item, index) => (item.open = open[index]));
  stops(part)[focused]?.focus({ preventScroll: true });
}

async function refresh() {
  if (document.hidden || asking) return;
  asking = true;
  try {
    const headers = { Accept: "text/html", ...(etag && { "If-None-Match": etag }) };
    const reply = await fetch(location.href, { headers });
    if (reply.status !== 304) {
      if (!reply.ok) throw new Error(`status ${reply.status}`);
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      for (const part of parts) {
        const newer = page.getElementById(part.id);
        if (newer && newer.innerHTML !== shown.get(part.id)) swap(part, newer);
      }
      etag = reply.headers.get("ETag") ?? "";
    }
    refreshed.textContent = `${refreshed.dataset.words} ${new Date().toLocaleTimeString()}.`;
  } catch (error) {
    refreshed.textContent = `The service did not answer (${error.message}); this is what it last said.`;
  } finally {
    asking = false;
  }
}

setInterval(refresh, 1000 * refreshed.dataset.every);
document.addEventListener("visibilitychange", refresh);
