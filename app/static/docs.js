// Shows /openapi.json as a page to try it on, light or dark as the reader has it.
const dark = window.matchMedia("(prefers-color-scheme: dark)");

function dress() {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

dark.addEventListener("change", dress);
dress();
SwaggerUIBundle({
  url: document.querySelector("#openapi").href,
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: true,
  onComplete() {
    // The page has its own main part and first heading: Swagger UI's are below them.
    document.querySelector("#swagger-ui main")?.setAttribute("role", "presentation");
    document.querySelector("#swagger-ui h1")?.setAttribute("aria-level", "2");
  },
});
// Swagger UI takes what stands behind # in the address for one of its own parts, and the focus with it.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("#main").focus();
});
