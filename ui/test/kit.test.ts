import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import App from "../src/App.svelte";
import * as made from "../src/dev/setup";
import { snapshotOf } from "../src/dev/world";
import { backend, type World } from "./backend";

const address = `rediss://default:${made.SECRET}@calm-owl-12345.upstash.io:6379`;

beforeEach(() => vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => vi.useRealTimers());

function helios(world: World = {}) {
  const it = backend({
    place: { page: "setup", task: null },
    guide: made.guideOf("helios"),
    answers: {
      reveal_address: () => address,
      copy_kit: ({ part }) => (part === "environment" ? 30 : 0),
    },
    ...world,
  });
  render(App);
  return it;
}

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });
const kit = () => screen.findByRole("region", { name: "Environment, with the password" });
const secretShown = () => document.body.innerHTML.includes(made.SECRET);

test("the secret is dots until it is asked for, and dots again after half a minute", async () => {
  const world = helios();
  await screen.findByText(/rediss:\/\/default:••••••••@calm-owl/);
  expect(world.of("reveal_address")).toEqual([]);
  await fireEvent.click(button("Show the password"));
  await waitFor(() => expect(secretShown()).toBe(true));
  await vi.advanceTimersByTimeAsync(31_000);
  expect(secretShown()).toBe(false);
});

test.each([
  ["it is hidden", async () => fireEvent.click(button("Hide the password"))],
  ["another step is gone to", async () => fireEvent.click(button(/Test, done/))],
  ["the set-up is left", async () => fireEvent.click(button(/Leave the set-up/))],
])("the secret is gone when %s", async (_, leave) => {
  const world = helios({
    answers: {
      reveal_address: () => address,
      guide_go: () => made.guideOf("test", { checks: made.goodChecks }),
    },
  });
  await screen.findByText(/••••••••/);
  await fireEvent.click(button("Show the password"));
  await waitFor(() => expect(secretShown()).toBe(true));
  await leave();
  await waitFor(() => expect(secretShown()).toBe(false));
  expect(world.of("reveal_address")).toHaveLength(1);
});

test("a secret that comes after leaving is not taken", async () => {
  let give: (address: string) => void = () => {};
  helios({ answers: { reveal_address: () => new Promise((done) => (give = done)) } });
  await screen.findByText(/••••••••/);
  await fireEvent.click(button("Show the password"));
  await fireEvent.click(button(/Leave the set-up/));
  give(address);
  await screen.findAllByRole("option");
  expect(secretShown()).toBe(false);
});

test("copying is said, with when it is taken off the clipboard", async () => {
  const world = helios();
  await kit();
  await screen.findByText(/••••••••/);
  await fireEvent.click(button(/^Copy ?: Environment/));
  await screen.findByText(/taken off the clipboard in (29|30) s/);
  expect(world.of("copy_kit")).toEqual([{ part: "environment" }]);
  await vi.advanceTimersByTimeAsync(31_000);
  await screen.findByText("Taken off the clipboard again.");
  await fireEvent.click(button(/^Copy ?: Python: listen/));
  await screen.findByText("Copied.");
});

test("it waits for Helios, and turns by itself when it is heard", async () => {
  const world = helios({ condition: "setup_needed" });
  await screen.findByText(/Heliograph itself is not connected/);
  const waiting = snapshotOf("connected", false, 0, Date.now());
  waiting.agents = [{ ...waiting.agents[0]!, presence: "unknown", last_heard: null }];
  await world.tell({ type: "state", snapshot: waiting });
  await screen.findByText(/Waiting for/);
  expect(button("Skip for now").disabled).toBe(false);
  const heard = { ...waiting.agents[0]!, presence: "alive" as const, last_heard: Date.now() - 3000 };
  await world.tell({ type: "state", snapshot: { ...waiting, agents: [heard] } });
  await screen.findByText(/was heard 3 seconds ago/);
  expect(screen.getByRole("region", { name: "Is Helios there?" }).className).toContain("alive");
  expect(button("Continue").disabled).toBe(false);
});

test("a ping is asked, and answered", async () => {
  const world = helios();
  await screen.findByText(/is there/);
  await fireEvent.click(button("Ping Helios"));
  expect(world.of("ping_helios")).toHaveLength(1);
  const ping = { state: "answered", round_trip_ms: 84 } as const;
  await world.tell({ type: "guide", guide: made.guideOf("helios", { ping }) });
  await screen.findByText("Answered in 84 ms.");
  await world.tell({ type: "guide", guide: made.guideOf("helios", { ping: { state: "unanswered" } }) });
  await screen.findByText(/^No answer/);
});

test("a database on this computer says that nobody else reaches it", async () => {
  helios({ answers: { kit: () => ({ ...made.kit, local: true }) } });
  await screen.findByText("This database is on this computer only.");
});
