/*
 * Shift and a click, or Shift+Enter, on the head of a column sorts by it as well; once more turns it round. Up to three.
 * Without this file the same is said on the form of columns and order.
 *
 * Hooks
 *   <a class="sorter" href="?…sort=key">   sorts by this column alone when it is followed
 * The order of an address without one is that of the due date.
 */

const MOST = 3;
const PLAIN = "due";

document.addEventListener("click", sortAsWell, true); // before htmx follows the link

function sortAsWell(event) {
  const link = event.target.closest?.("th .sorter");
  if (!link || !event.shiftKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  const here = new URL(location);
  const key = new URL(link.href).searchParams.get("sort").replace(/^-/, "");
  here.searchParams.set("sort", withKey((here.searchParams.get("sort") ?? PLAIN).split(","), key).join(","));
  for (const place of ["after", "before", "first"]) here.searchParams.delete(place);
  location.assign(here);
}

function withKey(keys, key) {
  if (keys.includes(key)) return keys.map((each) => (each === key ? `-${key}` : each));
  if (keys.includes(`-${key}`)) return keys.map((each) => (each === `-${key}` ? key : each));
  return [...keys, key].slice(-MOST);
}
