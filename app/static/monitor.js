// Asks for the page again each 30 seconds while it is looked at, and puts the newer report in place.
const EVERY = 30_000;
const live = document.querySelector("#live");
const refreshed = document.querySelector("#refreshed");
let shown = live.innerHTML;

function openDetails(root) {
  return [...root.querySelectorAll("details")].map((item) => item.open);
}

async function refresh() {
  if (document.hidden) return;
  try {
    const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const newer = page.querySelector("#live");
    if (newer.innerHTML !== shown) {
      const open = openDetails(live);
      shown = newer.innerHTML;
      live.replaceChildren(...newer.childNodes);
      const details = [...live.querySelectorAll("details")];
      if (details.length === open.length) details.forEach((item, index) => (item.open = open[index]));
    }
    refreshed.textContent = `Looked for a newer report at ${new Date().toLocaleTimeString()}.`;
  } catch (error) {
    refreshed.textContent = `The service did not answer (${error.message}); this is the last report that it gave.`;
  }
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
