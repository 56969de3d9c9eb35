"use strict";
// Asks now and then whether a request that is under way has come to rest, says so, and then shows the page anew.
// Without it the page has a link for the same. It reads one word and writes text only.
(() => {
  const waiting = document.querySelector("[data-progress]");
  if (!waiting) { return; }
  const FIRST = 1000;
  const LONGEST = 15000;
  const look = async (pause) => {
    try {
      const answer = await fetch(waiting.dataset.progress, { credentials: "same-origin", cache: "no-store" });
      const told = answer.ok ? await answer.json() : null;
      if (told && told.is_over) { location.reload(); return; }
      if (told) { waiting.textContent = told.words; }
    } catch { /* asked again below */ }
    setTimeout(() => look(Math.min(LONGEST, pause * 1.5)), pause);
  };
  setTimeout(() => look(FIRST), FIRST);
})();
