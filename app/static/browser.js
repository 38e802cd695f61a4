// Runs the TensorFlow.js files of a version in the page, and compares them with the server when the button is pressed.
import { isNoValue, parseTyped } from "./typed_number.js";

const root = document.querySelector("#run-model");
const state = document.querySelector("#run-state");
const shown = document.querySelector("#run-prediction");
const remark = document.querySelector("#run-remark");
const fields = [...document.querySelectorAll("#run-inputs :is(input, select)")];
const range = (text) => text.split(" ").map(Number);
const plausible = range(root.dataset.plausible);
let predict;

// Returns the value of a field; says what is wrong with it, or where the model has seen no training rows.
function readField(field) {
  if (!field.dataset.limits) return Number(field.value);
  const isEmpty = "missing" in field.dataset && isNoValue(field);
  const number = isEmpty ? Number(field.dataset.missing) : parseTyped(field.value);
  const [low, high] = range(field.dataset.limits);
  const [first, last] = range(field.dataset.training);
  const isGood = isEmpty || (number >= low && number <= high);
  const say = (kind, text) => (document.getElementById(kind + "-" + field.name).textContent = text);
  say("problem", isGood ? "" : `expected a number from ${low} to ${high}, like ${field.defaultValue}`);
  say("beyond", isGood && !isEmpty && (number < first || number > last) ? `outside the training range, ${first} to ${last}` : "");
  if (isGood) field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
  return isGood ? number : NaN;
}

function update() {
  const row = fields.map(readField);
  const isGood = row.every(Number.isFinite);
  const value = isGood ? predict([row])[0] : NaN;
  shown.value = isGood ? String(value) : "";
  shown.textContent = isGood ? rounded(value) : "–";
  remark.textContent = !isGood
    ? "No prediction: please correct the marked fields."
    : isPlausible(value)
      ? ""
      : `The server would not send this: predictions are plausible from ${plausible[0]} to ${plausible[1]}.`;
}

function isPlausible(value) {
  return value >= plausible[0] && value <= plausible[1];
}

function rounded(value) {
  return String(Number(value.toPrecision(4)));
}

// The records of a CSV file: a cell may stand in quotes, with commas, ends of lines and doubled quotes in it.
function readCsv(text) {
  const records = [[]];
  for (const [, quoted, bare, end] of text.trimEnd().matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    records.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== ",") records.push([]);
  }
  return records;
}

// The rows of a published CSV file, as the model takes them and as they are sent; the inputs are found by their names.
// `inputs` has what signature.json says of each; it is empty if all of them are numbers that are never missing.
function readRows(text, inputs) {
  const [header, ...records] = readCsv(text);
  const places = fields.map((field) => header.indexOf(field.name));
  const readers = fields.map((_, index) => {
    const { levels = [], categories = [], missing } = inputs[index] ?? {};
    const codes = new Map(levels.map((level, place) => [level, categories[place]]));
    return (cell) => {
      if (cell === "" && missing) return [missing.fills_in_model ? missing.value : missing.fill, null];
      return levels.length ? [codes.get(cell) ?? NaN, cell] : [Number(cell || NaN), Number(cell || NaN)];
    };
  });
  const rows = records.map((cells) => readers.map((read, index) => read(cells[places[index]] ?? "")));
  return rows
    .map((row) => ({ numbers: row.map(([number]) => number), sent: row.map(([, sent]) => sent) }))
    .filter(({ numbers }) => numbers.every(Number.isFinite));
}

async function ask(address, options) {
  const reply = await fetch(address, options);
  if (reply.ok) return reply;
  const kind = reply.headers.get("Content-Type") || "";
  throw new Error(kind.startsWith("application/json") ? (await reply.json()).error : `status ${reply.status}`);
}

async function compare() {
  const address = root.dataset.signature;
  const inputs = address ? (await (await ask(address)).json()).inputs : [];
  const read = readRows(await (await ask(root.dataset.rowsFile)).text(), inputs);
  const guesses = read.length ? predict(read.map(({ numbers }) => numbers)) : [];
  const all = read.filter((_, index) => isPlausible(guesses[index])); // the server answers no others
  const count = Math.min(all.length, Number(root.dataset.rows));
  if (!count) throw new Error("the file has no row that can be used");
  const rows = Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)]);
  const began = performance.now();
  const here = predict(rows.map(({ numbers }) => numbers));
  const computed = performance.now();
  const reply = await ask(root.dataset.predict, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ instances: rows.map(({ sent }) => sent) }),
  });
  const there = (await reply.json()).predictions.map((row) => row[0]);
  const answered = performance.now();
  const difference = Math.max(...here.map((value, index) => Math.abs(value - there[index])));
  const put = (id, text) => (document.getElementById("run-" + id).textContent = text);
  document.getElementById("run-difference").value = String(difference);
  put("difference", difference.toPrecision(2));
  put("compared", String(count));
  put("here", (computed - began).toFixed(1));
  put("there", (answered - computed).toFixed(1));
  document.getElementById("run-figures").hidden = false;
  return `The largest difference is ${difference.toPrecision(2)}, in ${count} rows; request ${reply.headers.get("X-Request-ID")}.`;
}

async function onCompare(event) {
  const verdict = document.querySelector("#run-verdict");
  event.target.disabled = true;
  verdict.className = "";
  try {
    verdict.textContent = await compare();
  } catch (error) {
    verdict.className = "problem";
    verdict.textContent = `Not compared: ${error.message}`;
  } finally {
    event.target.disabled = false;
  }
}

async function start() {
  document.querySelector("#run-needs").hidden = true;
  state.textContent = "The model is being loaded …";
  const tf = await import("./tensorflow.js");
  await tf.setBackend("cpu");
  const model = await tf.loadLayersModel(root.dataset.model);
  predict = (rows) =>
    tf.tidy(() => Array.from(model.predict(tf.tensor2d(rows), { batchSize: rows.length }).dataSync()));
  // Not asked of the form itself: an input may be called `addEventListener`, and would be found in its place.
  root.addEventListener("input", update);
  root.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("#run-compare")?.addEventListener("click", onCompare);
  update();
  root.hidden = false;
  state.textContent = "";
}

start().catch((error) => {
  state.className = "problem";
  state.textContent = `The model could not be loaded: ${error.message}`;
});
