// What pages gain where there is a script. Without it all of them work: search is a form, and commands are selected by hand.
"use strict";

// Search as one types: the list is taken out of the page that the form would lead to.
(() => {
  const form = document.getElementById("search");
  const box = document.getElementById("q");
  if (!form || !box) return;
  // On the page of a search its own list changes; elsewhere one appears beneath the box.
  let list = document.getElementById("found");
  const isOwn = list !== null;
  if (!isOwn) {
    list = document.createElement("div");
    list.id = "found";
    list.hidden = true;
    form.append(list);
  }
  list.setAttribute("role", "region");
  list.setAttribute("aria-label", "Crates that were found");
  const told = document.createElement("p");
  told.className = "unseen";
  told.setAttribute("role", "status");
  form.append(told);

  let latest = 0;
  const close = () => {
    if (!isOwn) list.hidden = true;
    told.textContent = "";
  };
  const look = async () => {
    const mine = ++latest;
    const sought = box.value.trim();
    if (sought === "" && !isOwn) return close();
    const url = "/search?q=" + encodeURIComponent(sought);
    let found;
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      found = page.getElementById("found");
    } catch {
      return;
    }
    // Who types on does not want to see what was found for less.
    if (mine !== latest || !found) return;
    list.replaceChildren(...Array.from(found.childNodes, (node) => document.importNode(node, true)));
    list.hidden = false;
    told.textContent = found.querySelector(".told")?.textContent ?? "";
    if (isOwn) history.replaceState(null, "", url);
  };
  let timer;
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 80);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      latest++;
      close();
      box.focus();
    }
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && !list.hidden && links.length > 0) {
      event.preventDefault();
      links[Math.min(at + 1, links.length - 1)].focus();
    }
    if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at === 0 ? box : links[at - 1]).focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });
})();

// A button beside each command that copies it.
(() => {
  if (!navigator.clipboard) return;
  for (const command of document.querySelectorAll("pre.command")) {
    const frame = document.createElement("div");
    frame.className = "copies";
    command.replaceWith(frame);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent.trim());
        button.textContent = "Copied";
      } catch {
        button.textContent = "Select it by hand";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    frame.append(command, button);
  }
})();
