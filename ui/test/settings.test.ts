import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import App from "../src/App.svelte";
import * as made from "../src/dev/setup";
import { app } from "../src/lib/app.svelte";
import { heartbeatCost } from "../src/lib/setup";
import { backend, type World } from "./backend";

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });

async function settings(section: string, world: World = {}) {
  const it = backend({ place: { page: "settings", task: null }, ...world });
  render(App);
  await screen.findByRole("heading", { level: 1, name: "Settings" });
  const sections = screen.getByRole("navigation", { name: "Sections" });
  await fireEvent.click(within(sections).getByRole("button", { name: section }));
  return it;
}

test("names are saved together, once they are sound and changed", async () => {
  const world = await settings("General");
  const me = await screen.findByLabelText("The agent on this computer");
  await screen.findByText("helios→chad");
  expect(button("Save the names").disabled).toBe(true);
  await fireEvent.input(me, { target: { value: "sol" } });
  await waitFor(() => expect(button("Save the names").disabled).toBe(false));
  await fireEvent.click(button("Save the names"));
  await screen.findByText("Saved");
  expect(world.of("set_names")).toEqual([{ me: "sol", peers: ["helios"] }]);
});

test("names that are being written stay while another setting is saved", async () => {
  const world = await settings("General");
  const me = await screen.findByLabelText<HTMLInputElement>("The agent on this computer");
  await fireEvent.input(me, { target: { value: "sol" } });
  await fireEvent.click(screen.getByRole("switch", { name: /^Remind me/ }));
  await screen.findByText("Saved");
  expect(world.of("change_settings")).toHaveLength(1);
  expect(me.isConnected).toBe(true);
  expect(me.value).toBe("sol");
});

test("when the keys are due is chosen here", async () => {
  const world = await settings("General");
  await fireEvent.change(await screen.findByLabelText("The database’s key is due after"), {
    target: { value: "60" },
  });
  await screen.findByText("Saved");
  await fireEvent.change(screen.getByLabelText("The other keys are due after"), { target: { value: "0" } });
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(2));
  expect(world.of("change_settings")[1]).toMatchObject({
    after: { reminders: { rotate: true, rotate_days: 60, renew_days: 0 } },
  });
});

test("the set-up is opened again from here", async () => {
  const world = await settings("General");
  await fireEvent.click(button("Open the set-up"));
  expect(world.of("guide_go")).toEqual([{ step: "where" }]);
  await screen.findByRole("navigation", { name: "Steps of the set-up" });
});

test("a change is saved at once, with all the rest as it was", async () => {
  const world = await settings("Notifications");
  await fireEvent.click(await screen.findByRole("checkbox", { name: "status" }));
  await screen.findByText("Saved");
  await fireEvent.click(screen.getByRole("checkbox", { name: "task" }));
  await fireEvent.click(screen.getByRole("switch", { name: "Hide contents" }));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(3));
  const before = {
    ...made.settings,
    notifications: { ...made.settings.notifications, types: ["alert", "status"] },
  };
  const after = { ...before, notifications: { ...before.notifications, hide_contents: true } };
  expect(world.of("change_settings")[2]).toEqual({ before, after });
});

test("a change that is refused is said and taken back", async () => {
  const refused = { code: "not_possible", message: "The disk is full.", remedy: "Make room." };
  await settings("Notifications", { fails: { change_settings: refused } });
  const hide = await screen.findByRole<HTMLInputElement>("switch", { name: "Hide contents" });
  await fireEvent.click(hide);
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
  expect(hide.checked).toBe(false);
});

test("a type of one's own can be added", async () => {
  const world = await settings("Notifications");
  await fireEvent.input(await screen.findByLabelText("Another type"), { target: { value: " deploy " } });
  await fireEvent.click(button("Add"));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toMatchObject({
    after: { notifications: { types: ["task", "alert", "deploy"] } },
  });
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "deploy" }).checked).toBe(true);
});

test("quiet hours take a time as people write it, and nothing else", async () => {
  const world = await settings("Notifications");
  await fireEvent.click(await screen.findByRole("switch", { name: "Quiet hours" }));
  await screen.findByText("on the next day");
  const from = screen.getByLabelText("From");
  await fireEvent.change(from, { target: { value: "25:00" } });
  await screen.findByText("A time like 22:00");
  await fireEvent.change(from, { target: { value: "6.30" } });
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(2));
  expect(world.of("change_settings")[1]).toMatchObject({
    after: { notifications: { quiet: { on: true, from: "06:30" } } },
  });
  await waitFor(() => expect(screen.queryByText("on the next day")).toBeNull());
});

test("what signs of life cost is said", async () => {
  expect(heartbeatCost(120)).toBe(21_600);
  const world = await settings("Connection");
  await screen.findByText(/21,600 commands in 30 days, 4.3 %/);
  await fireEvent.change(screen.getByLabelText("A sign of life every"), { target: { value: "60" } });
  await screen.findByText(/43,200 commands in 30 days, 8.6 %/);
  expect(world.of("change_settings")).toMatchObject([{ after: { heartbeat: { every: 60 } } }]);
});

test("the secret's place is said; it can be replaced, and the API key forgotten", async () => {
  const account = { email: "ada@example.org", kept: "keychain" as const };
  const guide = made.guideOf("computer", { finished: true, kept: "session", account });
  const world = await settings("Security", { guide, sandbox: true });
  await screen.findByText(/With its password it is in memory only/);
  await fireEvent.click(button("Keep it in the keychain"));
  expect(world.of("keep_address")).toEqual([{ keep: "keychain" }]);
  await waitFor(() => expect(button("Forget the API key").disabled).toBe(false));
  await fireEvent.click(button("Forget the API key"));
  expect(world.of("account_forget")).toHaveLength(1);
  await fireEvent.click(button("Replace it"));
  expect(world.of("guide_door")).toEqual([{ door: "paste" }]);
});

test("everything is forgotten only after its list and a typed word", async () => {
  const world = await settings("Security");
  await fireEvent.click(button("Show what would go…"));
  await screen.findByText("~/.config/autostart/heliograph.desktop");
  expect(document.activeElement?.textContent).toBe("This goes, and does not come back");
  const word = screen.getByLabelText(/type the word/);
  await fireEvent.submit(word.closest("form")!);
  expect(button("Forget everything").disabled).toBe(true);
  expect(world.of("forget_everything")).toEqual([]);
  await fireEvent.keyDown(window, { key: "Escape" });
  await waitFor(() => expect(screen.queryByLabelText(/type the word/)).toBeNull());
  await fireEvent.click(button("Show what would go…"));
  await fireEvent.input(await screen.findByLabelText(/type the word/), { target: { value: "Forget " } });
  await fireEvent.click(button("Forget everything"));
  expect(world.of("forget_everything")).toHaveLength(1);
});

test("about names version, licence and places, and copies the diagnostics", async () => {
  const write = vi.fn().mockResolvedValue(undefined);
  vi.stubGlobal("navigator", Object.assign(navigator, { clipboard: { writeText: write } }));
  await settings("About", { answers: { diagnostics: () => "Heliograph 0.1.0, all well" } });
  await screen.findByText("Heliograph 0.1.0");
  await screen.findByText("Licence: MIT OR Apache-2.0");
  await fireEvent.click(button("Copy diagnostics"));
  await waitFor(() => expect(write).toHaveBeenCalledWith("Heliograph 0.1.0, all well"));
});

test("the connection is tested from the Link page, any time", async () => {
  const world = backend({ place: { page: "link", task: null } });
  render(App);
  await fireEvent.click(await screen.findByRole("button", { name: "Test now" }));
  expect(world.of("test_connection")).toHaveLength(1);
  await world.tell({
    type: "guide",
    guide: made.guideOf("computer", { checks: made.partlyChecks, cost: 21 }),
  });
  await screen.findByText("May not publish on helios→chad");
  await fireEvent.click(button("Paste another address"));
  await waitFor(() => expect(world.of("guide_door")).toEqual([{ door: "paste" }]));
});

const refused = { code: "not_possible", message: "The disk is full.", remedy: "Make room." };

const sent = (world: Awaited<ReturnType<typeof settings>>) =>
  world.of("change_settings").at(-1)?.["after"] as typeof made.settings | undefined;

test("the plan and a limit of one's own are set beside the table", async () => {
  const world = await settings("Prices and limits");
  const plan = await screen.findByLabelText("Plan to reckon with");
  await fireEvent.change(plan, { target: { value: "pay_as_you_go" } });
  await waitFor(() => expect(sent(world)?.usage.plan).toBe("pay_as_you_go"));
  const most = screen.getByLabelText("Commands a month and no more");
  await fireEvent.input(most, { target: { value: "1.5" } });
  await fireEvent.change(most);
  screen.getByText("A whole number, or nothing.");
  expect(world.of("change_settings")).toHaveLength(1);
  await fireEvent.input(most, { target: { value: "1500000" } });
  await fireEvent.change(most);
  await waitFor(() => expect(sent(world)?.usage.most_commands).toBe(1_500_000));
});

test("a price is corrected, and stands there as corrected, with its date", async () => {
  const world = await settings("Prices and limits");
  await screen.findByText("Nothing is corrected: all of it is as it was built in.");
  const free = screen.getByLabelText("Free: Commands a month, 0 for no limit");
  expect(button("Save the table").disabled).toBe(true);
  await fireEvent.input(free, { target: { value: "" } });
  expect(button("Save the table").disabled).toBe(true);
  expect(free.getAttribute("aria-invalid")).toBe("true");
  await fireEvent.input(free, { target: { value: "600000" } });
  await fireEvent.input(screen.getByLabelText("True in the month"), { target: { value: "2026-11" } });
  await fireEvent.click(button("Save the table"));
  await screen.findByRole("heading", { name: /as of November 2026$/ });
  screen.getByText("2 values are corrected by you.");
  expect(sent(world)?.usage.prices.free.commands).toBe(600_000);
  expect(sent(world)?.usage.prices.fixed).toEqual(made.settings.usage.prices.fixed);
  expect(button("Save the table").disabled).toBe(true);
});

test("each corrected value has a way back to the one that is built in", async () => {
  const world = await settings("Prices and limits", { answers: { settings: () => made.correctedSettings } });
  await screen.findByText("4 values are corrected by you.");
  const free = screen.getByLabelText<HTMLInputElement>("Free: Commands a month, 0 for no limit");
  const said = document.getElementById(free.getAttribute("aria-describedby")!);
  expect(said?.textContent).toBe("Corrected; built in: 500,000");
  await fireEvent.click(button("Back to it: Free: Commands a month, 500,000"));
  expect(free.value).toBe("500000");
  expect(document.activeElement).toBe(free);
  expect(free.getAttribute("aria-describedby")).toBeNull();
  await fireEvent.click(button("Leave it as it was"));
  expect(free.value).toBe("600000");
  await fireEvent.click(button("All as built in"));
  await fireEvent.click(button("Save the table"));
  await screen.findByText("Nothing is corrected: all of it is as it was built in.");
  expect(sent(world)).toEqual(made.settings);
});

test("a table of prices that is refused stays written", async () => {
  await settings("Prices and limits", { fails: { change_settings: refused } });
  const base = await screen.findByLabelText<HTMLInputElement>("Fixed: A month, in any case, $");
  await fireEvent.input(base, { target: { value: "12.5" } });
  await fireEvent.click(button("Save the table"));
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
  expect(base.isConnected).toBe(true);
  expect(base.value).toBe("12.5");
  expect(button("Save the table").disabled).toBe(false);
});

test("what a sign of life costs is reckoned by the corrected table", async () => {
  await settings("Connection", { answers: { settings: () => made.correctedSettings } });
  await screen.findByText(/21,600 commands in 30 days, 3\.6 % of the 600,000 of the free plan/);
});

test("what was found of a repository is not said of another one", async () => {
  const found = { private: true, login: "ada", reads: true, writes: true, findings: [] };
  await settings("Mailbox", { answers: { check_mailbox: () => found } });
  const repository = await screen.findByLabelText("Repository");
  await fireEvent.input(repository, { target: { value: "ada/mailbox" } });
  await fireEvent.input(screen.getByLabelText("Token"), { target: { value: "github_pat_1" } });
  await fireEvent.click(button("Check it"));
  await screen.findByRole("button", { name: "Use it as the mailbox" });
  await fireEvent.input(repository, { target: { value: "ada/other" } });
  expect(screen.queryByRole("button", { name: "Use it as the mailbox" })).toBeNull();
  expect(screen.queryByText("The repository is private")).toBeNull();
});

test("a section that was led to is not returned to by the rail", async () => {
  backend({ place: { page: "settings", task: null } });
  render(App);
  await screen.findByRole("heading", { level: 1, name: "Settings" });
  app.set("prices");
  await fireEvent.click(button("Link"));
  await fireEvent.click(button("Settings"));
  expect(button("General").getAttribute("aria-current")).toBe("true");
});
