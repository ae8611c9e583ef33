/*
 * The keyboard of every page. It presses what is there to be pressed, so nothing is reachable by key alone.
 *
 * Hooks
 *   data-search       the field that "/" goes to
 *   data-go="i"       on a link: "g" and then "i" follow it
 *   data-key="p"      on a button or link: "p" presses it, when it is visible and enabled; data-key-label words it for the list
 *   data-back         on a link: Esc follows it, or steps back where the reader came from there, so that the place is kept
 *   data-grid         the table that j, k and the arrows enter (grid.js moves inside it)
 *   #keys             the list that "?" opens; its <dl data-page-keys> is filled from data-go and data-key
 *   data-keys-switch  a checkbox in it that turns single keys off, for those who speak or dictate (WCAG 2.1.4)
 * Keys are ignored while somebody types in a field; Esc leaves the field.
 */

const FIELDS = "textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
const GRID_KEYS = ["j", "k", "ArrowDown", "ArrowUp"];
const OFF = "keys off";

let isGoing = false; // "g" came before; the next letter chooses the screen

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches(FIELDS)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("[popover]:popover-open") || localStorage.getItem(OFF)) return;
  const act = actionFor(event.key);
  if (!act) return;
  event.preventDefault();
  act();
});
listPageKeys();
wireSwitch();

function actionFor(key) {
  if (isGoing) {
    isGoing = false;
    return pressOf(`[data-go="${CSS.escape(key)}"]`);
  }
  if (key === "g") return () => (isGoing = true);
  if (key === "/") return actionOn("[data-search]", (field) => (field.focus(), field.select()));
  if (key === "?") return actionOn("#keys", (list) => list.showPopover());
  if (key === "Escape") return closeMenu() ?? actionOn("[data-back]", goBack);
  if (GRID_KEYS.includes(key)) return actionOn("[data-grid] tbody [tabindex='0']", (stop) => stop.focus());
  return pressOf(`[data-key="${CSS.escape(key)}"]`);
}

function actionOn(selector, act) {
  const found = document.querySelector(selector);
  return found && (() => act(found));
}

function pressOf(selector) {
  const found = [...document.querySelectorAll(selector)].find((each) => each.checkVisibility() && !each.disabled);
  return found && (() => found.click());
}

function closeMenu() {
  const menu = document.querySelector("details.menu[open]");
  return menu ? () => (menu.removeAttribute("open"), menu.querySelector("summary").focus()) : null;
}

function goBack(link) {
  const from = document.referrer ? new URL(document.referrer) : null;
  const isFromThere = from?.origin === location.origin && from.pathname === new URL(link.href).pathname;
  if (isFromThere) history.back();
  else link.click();
}

function listPageKeys() {
  const list = document.querySelector("[data-page-keys]");
  for (const each of list ? document.querySelectorAll("[data-key], [data-go]") : []) {
    const keys = each.dataset.go ? ["g", each.dataset.go] : [each.dataset.key];
    const term = document.createElement("dt");
    term.append(...keys.map(keyCap));
    const meaning = document.createElement("dd");
    meaning.textContent = each.dataset.keyLabel ?? ownText(each);
    list.append(term, meaning);
  }
}

function keyCap(key) {
  const cap = document.createElement("kbd");
  cap.textContent = key;
  return cap;
}

/* What a button says, without the key cap or the count inside it. */
function ownText(element) {
  const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  return texts.map((node) => node.data.trim()).join(" ").trim();
}

function wireSwitch() {
  const box = document.querySelector("[data-keys-switch]");
  if (!box) return;
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}
