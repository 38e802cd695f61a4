// Answers the form in place: asks for the same address as a link would, and puts in what differs. Without this script
// the same form loads a page with the answer.
import { isNoValue, parseTyped } from "./typed_number.js";

const form = document.querySelector("#inputs");
const button = document.querySelector("#inputs button");
const fields = () => [...document.querySelectorAll("#inputs [name]")];
// A member of the form is asked from its class: an input may be called `action`, and then `form.action` is that input.
const action = Element.prototype.getAttribute.call(form, "action");
const listen = (type, act) => EventTarget.prototype.addEventListener.call(form, type, act);
const typed = () => new URLSearchParams(new FormData(form)).toString();
let asked = location.search ? typed() : null; // what is answered here, or on its way
let shown = location.search;
let request = null;

// Puts a newer page's live parts in place. What is open stays open, and nothing that can have the focus is replaced
// unless it differs.
function swap(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = page.getElementById(part.id);
    if (!newer || newer.innerHTML === part.innerHTML) continue;
    const open = [...part.querySelectorAll("details")].map((item) => item.open);
    part.replaceChildren(...newer.childNodes);
    part.querySelectorAll("details").forEach((item, index) => (item.open = open[index] ?? false));
  }
  for (const field of fields()) {
    const invalid = page.getElementById(field.id || "")?.getAttribute("aria-invalid");
    if (invalid) field.setAttribute("aria-invalid", invalid);
    else field.removeAttribute("aria-invalid");
  }
}

function say(text, place = "#summary") {
  const note = document.createElement("div");
  note.className = "note bad";
  note.setAttribute("role", "alert");
  document.querySelectorAll("[role=alert]").forEach((older) => older.remove());
  note.append(text);
  document.querySelector(place).prepend(note);
}

async function load(address, options = {}) {
  const response = await fetch(address, { headers: { Accept: "text/html" }, ...options });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (page.querySelector("[data-live]")) return page;
  throw new Error(page.querySelector("main .problem, main p")?.textContent.trim() || `status ${response.status}`);
}

async function ask(submitted) {
  const query = typed();
  if (query === asked) return;
  asked = query;
  request?.abort();
  const mine = (request = new AbortController());
  const address = `${action}?${query}`;
  const focused = document.activeElement;
  button.disabled = true;
  try {
    const page = await load(address, { signal: mine.signal });
    swap(page);
    fields().forEach(follow);
    if (submitted) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    shown = location.search;
    if (submitted) document.querySelector("#inputs [aria-invalid]")?.focus();
  } catch (error) {
    if (mine !== request) return; // a newer one is on its way
    asked = null;
    const lost = error instanceof TypeError;
    say(lost ? "The service did not answer. Please try again." : `No prediction: ${error.message}`);
  } finally {
    if (mine === request) {
      button.disabled = false;
      if (focused === button && document.activeElement === document.body) button.focus();
    }
  }
}

// Says beside a field whether what is typed lies outside the training range, and moves the needle there.
function follow(field) {
  if (!field.dataset.beyond) return;
  const value = isNoValue(field) ? NaN : parseTyped(field.value);
  const { low, high } = field.dataset;
  const beyond = document.getElementById(`beyond-${field.name}`);
  const refused = document.getElementById(`problem-${field.name}`).textContent;
  const text = !refused && (value < Number(low) || value > Number(high)) ? field.dataset.beyond : "";
  if (beyond.textContent !== text) beyond.textContent = text;
  const needle = document.querySelector(`#spread-${field.name} .needle`);
  if (!needle) return;
  if (Number.isNaN(value)) return needle.setAttribute("visibility", "hidden");
  const start = Number(needle.dataset.low), end = Number(needle.dataset.high);
  const share = Math.min(Math.max((value - start) / (end - start), 0), 1);
  needle.setAttribute("transform", `translate(${(2 + 296 * share).toFixed(1)})`);
  needle.removeAttribute("visibility");
}

// A date that is typed in part has no value, as if it were left out. The browser says at the field what it lacks.
const isPartial = (field) => field.validity.badInput;
function submit() {
  const partial = fields().find(isPartial);
  if (partial) partial.reportValidity();
  else ask(true);
}
listen("submit", (event) => {
  event.preventDefault();
  submit();
});
listen("input", (event) => follow(event.target));
// Each question is logged: so it is asked when a field is left, not at each key; only after a first answer; and not on
// the way to the button, which asks by itself.
function leave() {
  setTimeout(() => {
    const isReady = (field) => field.type === "radio" || "optional" in field.dataset || field.value.trim();
    const complete = fields().every((field) => isReady(field) && !isPartial(field));
    if (asked !== null && complete && document.activeElement !== button) ask(false);
  });
}
// A date changes at each key, to whole dates that nobody means.
listen("change", ({ target }) => ["date", "month"].includes(target.type) || leave());
listen("focusout", leave);
listen("keydown", (event) => {
  const { dataset, value } = event.target;
  if (event.key === "Enter" && event.target !== button) {
    event.preventDefault(); // else the field counts as left first, and its question comes before this one
    submit();
  }
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!direction || !dataset.step || Number.isNaN(parseTyped(value))) return;
  event.preventDefault();
  event.target.value = Number((parseTyped(value) + direction * Number(dataset.step)).toPrecision(12));
  follow(event.target);
});
window.addEventListener("popstate", () => {
  if (location.search !== shown) location.reload(); // else only the place on the page changed
});

// The real value is told in place, too.
document.addEventListener("submit", async (event) => {
  if (event.target.id !== "tell-form") return;
  event.preventDefault();
  const send = event.target.querySelector("button");
  send.disabled = true;
  try {
    const body = new URLSearchParams(new FormData(event.target));
    const page = await load(event.target.action, { method: "POST", body });
    document.querySelector("#truth").replaceChildren(...page.querySelector("#truth").childNodes);
    document.querySelector("#truth [aria-invalid]")?.focus();
  } catch (error) {
    send.disabled = false;
    const lost = error instanceof TypeError;
    say(lost ? "The service did not answer. Please try again." : `Not recorded: ${error.message}`, "#truth");
  }
});
