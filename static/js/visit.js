/*
 * The time left of a support session counts down, and the page is asked for again when it is over.
 * It counts from when the page came, so a wrong clock at the reader's end does not matter.
 *
 * Hook: <time data-minutes-left="27">, in components/visit.html.
 */

const clock = document.querySelector("[data-minutes-left]");
const minutesAtFirst = Number(clock.dataset.minutesLeft);

const ticking = setInterval(() => {
  const minutes = minutesAtFirst - Math.floor(performance.now() / 60_000);
  if (minutes > 0) {
    clock.textContent = `${minutes} min left`;
    return;
  }
  clearInterval(ticking);
  location.reload();
}, 10_000);
