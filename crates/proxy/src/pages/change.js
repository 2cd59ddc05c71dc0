// Keys on the page of a change: n and N go from finding to finding, f and F from file to file, s changes the layout, ? shows
// the keys. Without it all is there, and each finding has links to its neighbours.
"use strict";

(() => {
  const keys = document.getElementById("keys");
  if (!keys) return;
  const told = document.createElement("p");
  told.className = "unseen";
  told.setAttribute("role", "status");
  keys.after(told);

  // Who speaks to the browser, or types by chance, can switch them off.
  const STORED = "fence-keys";
  let isOn = true;
  try { isOn = localStorage.getItem(STORED) !== "off"; } catch { /* Then they are on. */ }
  const turn = document.createElement("button");
  turn.type = "button";
  const show = () => { turn.textContent = isOn ? "Switch the keys off" : "Switch the keys on"; };
  turn.addEventListener("click", () => {
    isOn = !isOn;
    try { localStorage.setItem(STORED, isOn ? "on" : "off"); } catch { /* For this page, then. */ }
    show();
  });
  show();
  keys.append(turn);
  keys.hidden = false;

  // Where one is: at what has the focus, unless it was scrolled away.
  const here = () => {
    const at = document.activeElement?.closest(".finding, .file");
    if (!at) return null;
    const box = (at.matches("details") ? at.firstElementChild : at).getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight ? at : null;
  };
  const find = (all, isOnward) => {
    const from = here();
    const top = (e) => e.getBoundingClientRect().top;
    const follows = (e) => from
      ? (from.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0
      : top(e) > 1;
    const precedes = (e) => from
      ? (from.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING) !== 0
      : top(e) < -1;
    return isOnward ? all.find(follows) : all.filter(precedes).pop();
  };
  const go = (selector, isOnward, what) => {
    const all = [...document.querySelectorAll(selector)];
    const to = find(all, isOnward);
    told.textContent = to ? "" : isOnward ? `no ${what} behind this one` : `no ${what} before this one`;
    if (!to) return;
    for (let fold = to.parentElement?.closest("details"); fold; fold = fold.parentElement?.closest("details")) {
      fold.open = true;
    }
    (to.matches("details") ? to.firstElementChild : to).focus({ preventScroll: true });
    to.scrollIntoView({ block: to.matches(".finding") ? "center" : "start" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (!isOn) return;
    switch (event.key) {
      case "n": return go(".finding", true, "finding");
      case "N": return go(".finding", false, "finding");
      case "f": return go(".file", true, "file");
      case "F": return go(".file", false, "file");
      case "s": {
        const other = document.getElementById("switch");
        const at = here();
        if (other) location.assign(other.href + (at ? `#${at.id}` : ""));
        return;
      }
      case "?":
        keys.open = !keys.open;
        keys.firstElementChild.focus();
    }
  });
})();
