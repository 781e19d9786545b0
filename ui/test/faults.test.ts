import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import App from "../src/App.svelte";
import type { GuideView } from "../src/bindings/GuideView";
import * as made from "../src/dev/setup";
import { backend, type World } from "./backend";
import { violations } from "./faults";

const account = { email: "ada@example.org", kept: "session" as const };
const heading = (name: string | RegExp) => () => screen.findByRole("heading", { level: 1, name });

const steps: [string, GuideView, () => Promise<unknown>][] = [
  [
    "where",
    made.guideOf("where", {
      found: [{ find: "environment_address", shown: "calm-owl:6379" }],
      keychain: made.keychainLocked,
    }),
    heading(/./),
  ],
  ["paste", made.guideOf("address"), heading(/Paste/)],
  ["lend", made.guideOf("address", { door: "temporary" }), heading(/72 hours/)],
  ["log in", made.guideOf("address", { door: "make" }), heading(/account/)],
  [
    "databases",
    made.guideOf("address", { door: "make", account }),
    () => screen.findByRole("radio", { name: /heliograph/ }),
  ],
  [
    "making",
    made.guideOf("address", { door: "make", making: { name: "x", since: 0, until: 9, trouble: null } }),
    heading(/making/),
  ],
  ["a test that failed", made.guideOf("test", { checks: made.badChecks }), heading(/not work/)],
  [
    "a keychain that fails",
    made.guideOf("test", { checks: made.goodChecks, keychain: made.keychainLocked }),
    heading(/works/),
  ],
  ["names", made.guideOf("names"), () => screen.findByText("helios→chad")],
  [
    "Helios",
    made.guideOf("helios", { temporary: { claim: true, ends: Date.now() + 9e6 } }),
    () => screen.findByText(/••••/),
  ],
  ["this computer", made.guideOf("computer"), () => screen.findByRole("switch", { name: "Quiet hours" })],
];

test.each(steps)("the step %s has no fault that axe finds", async (_, guide, ready) => {
  backend({ place: { page: "setup", task: null }, guide });
  const { container } = render(App);
  await ready();
  expect(await violations(container)).toEqual([]);
});

test("the form of a new database has no fault that axe finds", async () => {
  backend({
    place: { page: "setup", task: null },
    guide: made.guideOf("address", { door: "make", account }),
  });
  const { container } = render(App);
  await fireEvent.click(await screen.findByRole("button", { name: "Make a new one" }));
  await screen.findByText(/nearest/);
  expect(await violations(container)).toEqual([]);
});

test.each([
  "General",
  "Notifications",
  "Connection",
  "Mailbox",
  "Messages",
  "Prices and limits",
  "Security",
  "About",
])("the settings' section %s has no fault that axe finds", async (section) => {
  const world: World = { place: { page: "settings", task: null } };
  backend({ ...world, guide: made.guideOf("computer", { finished: true, account }) });
  const { container } = render(App);
  await fireEvent.click(await screen.findByRole("button", { name: section }));
  if (section === "Security") {
    await fireEvent.click(screen.getByRole("button", { name: /Show what/ }));
    await screen.findByLabelText(/type the word/);
  }
  if (section === "Prices and limits") {
    const base = await screen.findByLabelText("Fixed: A month, in any case, $");
    await fireEvent.input(base, { target: { value: "12" } });
    await screen.findByText("Corrected; built in: $10.00");
  }
  expect(await violations(container)).toEqual([]);
});
