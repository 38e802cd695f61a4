// Answers the form in place. Without this script the same form loads a page with the answer.
const form = document.querySelector("form[data-in-place]");
const result = document.getElementById("result");
const button = form.querySelector("button");

function line(kind, text) {
  const paragraph = document.createElement("p");
  paragraph.className = kind;
  paragraph.textContent = text;
  return paragraph;
}

function answer(reply) {
  const paragraph = line("answer", "");
  const value = document.createElement("strong");
  value.textContent = reply.prediction;
  paragraph.append(form.dataset.inPlace, " ", value);
  return [paragraph, ...reply.warnings.map((warning) => line("warning", warning))];
}

// Puts each problem at its field. Returns the messages for below the form.
function mark(reply) {
  const others = new Set(reply.problems);
  for (const field of form.elements) {
    if (!field.name) continue;
    const problem = reply.problems?.find((one) => one.input === field.name);
    others.delete(problem);
    document.getElementById("problem-" + field.name).textContent = problem ? problem.message : "";
    if (problem) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  if (others.size) return [...others].map((one) => (one.input ? one.input + ": " : "") + one.message);
  return [reply.problems?.length ? form.dataset.correctFields : reply.error];
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    const reply = await response.json();
    const messages = mark(reply);
    result.replaceChildren(...(reply.success ? answer(reply) : messages.map((text) => line("problem", text))));
    form.querySelector("[aria-invalid]")?.focus();
  } catch {
    result.replaceChildren(line("problem", "The service did not answer. Please try again."));
  } finally {
    button.disabled = false;
  }
});
