// Quicker reviewing: decides without loading the page again, by keys; shows how far a run is. Every page works without it.
"use strict";

const said = document.getElementById("said");
const say = (words) => { if (said) said.textContent = words; };
const cards = () => Array.from(document.querySelectorAll(".card"));
const current = () => document.querySelector(".card.here");

function mark(card) {
  const old = current();
  if (old) old.classList.remove("here");
  if (!card) return;
  card.classList.add("here");
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = cards();
  const place = all.indexOf(current());
  mark(all[Math.min(all.length - 1, Math.max(0, place + step))]);
}

async function decide(form, button) {
  const card = form.closest(".card");
  const fields = new URLSearchParams(new FormData(form));
  fields.set("act", button.value);
  for (const other of form.querySelectorAll("button")) other.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, headers: { "x-part": "1" } });
    const text = await answer.text();
    if (answer.redirected) { location.reload(); return; }
    if (!answer.ok) {
      let words = "It was not done.";
      try { words = JSON.parse(text).error; } catch { /* it is no JSON */ }
      say(words);
      for (const other of form.querySelectorAll("button")) other.disabled = false;
      return;
    }
    const holder = document.createElement("template");
    holder.innerHTML = text;
    const fresh = holder.content.querySelector(".card");
    const wasHere = card.classList.contains("here");
    card.replaceWith(fresh);
    say(`${fresh.querySelector("h2").textContent.trim().slice(0, 80)}: ${fresh.classList[1]}`);
    if (wasHere) mark(fresh);
  } catch {
    say("The server could not be reached. Nothing was done.");
    for (const other of form.querySelectorAll("button")) other.disabled = false;
  }
}

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!event.target.matches(".acts") || !button) return;
  event.preventDefault();
  decide(event.target, button);
});

const ACTS = { a: "approve", r: "reject", u: "undo" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
    return;
  }
  const card = current();
  if (!card) return;
  if (event.key === "Enter" && event.target === card) card.querySelector("h2 a").click();
  const act = ACTS[event.key];
  const button = act && card.querySelector(`button[value="${act}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  const all = cards();
  const next = all[all.indexOf(card) + 1];
  decide(button.form, button).then(() => { if (next && act !== "undo") mark(next); });
});

const live = document.getElementById("live");
if (live) {
  const bar = document.getElementById("bar");
  const events = new EventSource(live.dataset.events);
  const show = (event) => {
    const now = JSON.parse(event.data);
    live.textContent = `${now.step.replaceAll("_", " ")}, ${now.progress} %`;
    bar.value = now.progress;
  };
  events.addEventListener("progress", show);
  events.addEventListener("complete", () => { events.close(); location.reload(); });
  events.addEventListener("error", (event) => { events.close(); if (event.data) location.reload(); });
}
