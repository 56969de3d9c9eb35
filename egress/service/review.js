"use strict";
// The keys of the review page and what is said aloud. Everything it does, a link, a button or a radio on the page does
// without it; it reads no file, sends nothing and writes no markup. The page's policy lets this very text run, no other.
(() => {
  const SWITCH = "airlock-shortcuts";
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const live = one("#live");
  const say = (text) => { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); };

  const isOn = () => { try { return localStorage.getItem(SWITCH) !== "off"; } catch { return true; } };
  const keys = one("#keys");
  const box = one("#keys-on");
  const openKeys = () => { box.checked = isOn(); keys.showModal(); };
  box.addEventListener("change", () => {
    try { localStorage.setItem(SWITCH, box.checked ? "on" : "off"); } catch { /* kept for this page only */ }
  });
  all("[data-keys]").forEach((button) => button.addEventListener("click", openKeys));
  all(".keys-open").forEach((line) => { line.hidden = false; });

  const toFile = (step) => {
    const links = all("[data-file]");
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = links[at + step];
    if (next) { next.click(); } else { say(step > 0 ? "This is the last file." : "This is the first file."); }
  };

  let finding = -1;
  const findings = all("[data-finding]");
  const mark = (index) => {
    finding = index;
    findings.forEach((link, place) => link.toggleAttribute("aria-current", place === index));
    const frame = one(".preview");
    frame.scrollIntoView({ block: "nearest" });
    say(`Finding ${index + 1} of ${findings.length} is marked in the preview. ${findings[index].parentElement.innerText}`);
  };
  findings.forEach((link, index) => link.addEventListener("click", () => mark(index)));
  const toFinding = (step) => {
    if (!findings.length) { say("There are no findings on this file."); return; }
    findings[(finding + step + findings.length + (finding < 0 && step < 0 ? 1 : 0)) % findings.length].click();
  };

  const choose = (letter) => {
    const radio = one(`[data-vote="${letter}"]`);
    if (!radio) { say("There is no vote to give on this file."); return; }
    radio.checked = true;
    radio.focus();
    say(`${radio.parentElement.innerText.trim()} is chosen. Enter records it.`);
  };
  const comment = () => { const field = one("#f-text"); if (field) { field.focus(); } };

  const actions = {
    j: () => toFile(1), ArrowRight: () => toFile(1), k: () => toFile(-1), ArrowLeft: () => toFile(-1),
    n: () => toFinding(1), p: () => toFinding(-1),
    a: () => choose("a"), c: () => choose("c"), r: () => choose("r"), m: comment, "?": openKeys,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || keys.open || !isOn()) { return; }
    const typing = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
    const moving = event.key.startsWith("Arrow") && event.target.closest("input, summary, [role=region]");
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (typing || moving || !action) { return; }
    event.preventDefault();
    action();
  });

  // After a form or a move to another file, reading goes on there and not at the top of the page.
  const told = one("#messages .box");
  const file = one("#file");
  if (told) { told.tabIndex = -1; told.focus(); } else if (file && location.search.includes("file=")) { file.focus(); }
})();
