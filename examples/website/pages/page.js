// Calls work before the tracker's script has loaded: it takes them from `q`.
window.tracker ||= (...given) => tracker.q.push(given);
tracker.q ||= [];

// A page that is shown without being loaded; the tracker sees the address change.
for (const link of document.querySelectorAll("nav a[data-view]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    history.pushState({}, "", link.href);
    document.querySelector("h1").textContent = link.textContent;
  });
}

document.querySelector("#plan")?.addEventListener("click", () => {
  tracker("signup", { plan: "pro" });
});
for (const choice of document.querySelectorAll("[data-consent]")) {
  choice.addEventListener("click", () => tracker(choice.dataset.consent === "yes"));
}
