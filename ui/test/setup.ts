import { cleanup } from "@testing-library/svelte";
import { clearMocks } from "@tauri-apps/api/mocks";
import { afterEach } from "vitest";

import { app } from "../src/lib/app.svelte";
import { guide } from "../src/lib/guide.svelte";
import { rotation } from "../src/lib/rotation.svelte";

/** jsdom lays nothing out: the list is told to be as tall as a small window, and a row as a row. */
class OneSize implements ResizeObserver {
  constructor(readonly told: ResizeObserverCallback) {}
  observe(target: Element) {
    const height = target.getAttribute("role") === "listbox" ? 570 : 57;
    const entry = { target, contentRect: { width: 340, height } } as unknown as ResizeObserverEntry;
    queueMicrotask(() => this.told([entry], this));
  }
  unobserve() {}
  disconnect() {}
}

const inBrowser = typeof window !== "undefined";

if (inBrowser) {
  Object.defineProperty(HTMLElement.prototype, "offsetParent", {
    get(this: HTMLElement) {
      return this.parentElement;
    },
  });
  window.ResizeObserver = OneSize;
  window.matchMedia ??= (media) =>
    ({ media, matches: false, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList;
  Element.prototype.scrollTo ??= () => {};
  Element.prototype.scrollIntoView ??= () => {};
}

afterEach(async () => {
  if (!inBrowser) return;
  cleanup();
  // The window stops listening in its own time, and still needs the door for it.
  await new Promise((done) => setTimeout(done));
  clearMocks();
  app.snapshot = null;
  guide.view = null;
  rotation.view = null;
  app.place = { page: "inbox", task: null };
  app.section = null;
  app.feed = [];
  app.said = [];
  app.newest = null;
  app.untouched = false;
  app.announcement = "";
});
