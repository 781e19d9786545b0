/** The time, as the screen shows it. */

let now = $state(Date.now());
let fine = $state(Date.now());

/** Every ten seconds: enough for "40 s ago", and little work for an idle window. */
setInterval(() => {
  if (!document.hidden) now = Date.now();
}, 10_000);

document.addEventListener("visibilitychange", () => {
  now = Date.now();
});

export const time = {
  get now() {
    return now;
  },
  /** Every second, and only between `everySecond` and its end. */
  get fine() {
    return fine;
  },
};

/** To be used in an effect: runs the fine clock while something counts seconds down. */
export function everySecond(): () => void {
  fine = Date.now();
  const timer = setInterval(() => (fine = Date.now()), 1000);
  return () => clearInterval(timer);
}
