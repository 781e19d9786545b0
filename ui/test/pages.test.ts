import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import App from "../src/App.svelte";
import { views } from "../src/dev/rotation";
import { app } from "../src/lib/app.svelte";
import { usageOf, type Case } from "../src/dev/usage";
import { backend, type World } from "./backend";
import { violations } from "./faults";

const link: World = { place: { page: "link", task: null } };

const pages: [string, World, () => Promise<unknown>][] = [
  ["the list", {}, () => screen.findAllByRole("option")],
  [
    "a message",
    { place: { page: "inbox", task: 12 } },
    () => screen.findByRole("textbox", { name: /Answer/ }),
  ],
  ["an empty inbox", { rows: [] }, () => screen.findByText("Nothing open")],
  ["the link", link, () => screen.findByRole("heading", { level: 1, name: "Link" })],
  ["the link, offline", { ...link, condition: "offline" }, () => screen.findByText("Next try")],
  ["the sandbox", { ...link, sandbox: true }, () => screen.findByText("Helios in the sandbox")],
  ...Object.entries(views).map(([name, rotation]): [string, World, () => Promise<unknown>] => [
    `keys, ${name}`,
    { place: { page: "keys", task: null }, rotation },
    () => screen.findByRole("heading", { name: "Receipts" }),
  ]),
  ["a trouble", { condition: "needs_you" }, () => screen.findByText("Password refused.")],
];

test.each(pages)("%s has no fault that axe finds", async (_, world, ready) => {
  backend(world);
  const { container } = render(App);
  await ready();
  expect(await violations(container)).toEqual([]);
});

test("axe would find a fault", async () => {
  const { container } = render(App);
  const box = container.appendChild(document.createElement("button"));
  expect((await violations(container)).map((fault) => fault.id)).toContain("button-name");
  box.remove();
});

test("a trouble is shown with its remedy, and dismissed by its code", async () => {
  const world = backend({ condition: "needs_you" });
  render(App);
  const banner = await screen.findByRole("region", { name: "No notifications on this desktop" });
  expect(banner.textContent).toContain("Install a notification server");
  await fireEvent.click(within(banner).getByRole("button", { name: /Dismiss/ }));
  expect(world.of("dismiss")).toEqual([{ code: "no_notification_server" }]);
});

test("a command that fails is said, and can be unsaid", async () => {
  const trouble = {
    code: "not_possible",
    message: "There is nothing to connect to.",
    remedy: "Set an address.",
  };
  backend({ ...link, fails: { reconnect: trouble } });
  render(App);
  await fireEvent.click(await screen.findByRole("button", { name: "Reconnect now" }));
  await screen.findByText(/There is nothing to connect to/);
  await fireEvent.click(screen.getByRole("button", { name: /Dismiss/ }));
  await waitFor(() => expect(screen.queryByText(/There is nothing to connect to/)).toBeNull());
});

test("a message is sent as it was written", async () => {
  const world = backend(link);
  render(App);
  const box = await screen.findByLabelText("Text or JSON");
  await fireEvent.input(box, { target: { value: '{"a": 1}' } });
  await fireEvent.change(screen.getByLabelText("Channel"), { target: { value: "broadcast" } });
  await fireEvent.click(screen.getByRole("button", { name: "Send" }));
  expect(world.of("send")).toEqual([
    { channel: "broadcast", kind: "message", text: '{"a": 1}', priority: "normal" },
  ]);
});

test("only channels that are sent on can be chosen", async () => {
  backend(link);
  render(App);
  const choices = within(await screen.findByLabelText("Channel")).getAllByRole("option");
  expect(choices.map((choice) => choice.textContent)).toEqual(["chad→helios", "broadcast", "heartbeat"]);
});

test("the feed is bounded, and stands still while it is paused", async () => {
  const world = backend(link);
  render(App);
  const pause = await screen.findByRole("button", { name: "Pause" });
  const item = { ...app.feed[0]!, seq: null };
  await fireEvent.click(pause);
  await world.tell({ type: "feed", items: [{ ...item, summary: "A new one" }] });
  expect(screen.queryByText("A new one")).toBeNull();
  await fireEvent.click(pause);
  await screen.findByText("A new one");
  await world.tell({ type: "feed", items: Array.from({ length: 500 }, () => item) });
  expect(app.feed).toHaveLength(200);
});

test.each([
  ["30 minutes", "half_hour"],
  ["1 hour", "hour"],
  ["Until 08:00", "until_morning"],
])("%s pauses notifications", async (name, pause) => {
  const world = backend(link);
  render(App);
  await fireEvent.click(await screen.findByRole("button", { name }));
  expect(world.of("pause_notifications")).toEqual([{ pause }]);
});

test("the sandbox's Helios does as it is told", async () => {
  const world = backend({ ...link, sandbox: true });
  render(App);
  await fireEvent.click(await screen.findByRole("button", { name: "Lose its key" }));
  expect(world.of("sandbox_helios")).toEqual([{ act: "lose_key" }]);
});

const usages: [string, Case, string[]][] = [
  ["quiet", "quiet", []],
  ["near a limit", "near", []],
  ["close to it", "close", []],
  ["used up", "over", []],
  ["without a key", "keyless", []],
  ["without a limit", "paid", []],
  ["of nothing yet", "empty", []],
  ["with other settings", "busy", ["What would change"]],
  ["with its plan", "busy", ["Plan and prices"]],
  ["of a fleet", "busy", ["Plan a fleet", "Reckon with this fleet above"]],
];

test.each(usages)("the usage %s has no fault that axe finds", async (_, which, presses) => {
  backend({ place: { page: "usage", task: null }, answers: { usage: () => usageOf(which) } });
  const { container } = render(App);
  await screen.findByRole("heading", { level: 2, name: "Storage" });
  for (const name of presses) await fireEvent.click(await screen.findByRole("button", { name }));
  if (presses.includes("What would change")) await screen.findByText(/as it is set now/);
  if (presses.includes("Plan and prices")) await screen.findByText("For each GB beyond");
  expect(await violations(container)).toEqual([]);
});
