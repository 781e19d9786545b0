import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import App from "../src/App.svelte";
import * as made from "../src/dev/setup";
import type { WhatIf } from "../src/bindings/WhatIf";
import { usageOf, whatIfOf, type Case } from "../src/dev/usage";
import { grouped } from "../src/lib/format";
import { backend, type World } from "./backend";

const NOW = Date.UTC(2026, 10, 25, 12);
const refused = { code: "not_possible", message: "The disk is full.", remedy: "Make room." };

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });

async function usage(which: Case, section = "This month", world: World = {}) {
  const view = usageOf(which, made.settings, NOW);
  const it = backend({
    place: { page: "usage", task: null },
    ...world,
    answers: { usage: () => view, ...world.answers },
  });
  render(App);
  await screen.findByRole("heading", { level: 1, name: /Usage November 2026/ });
  await fireEvent.click(button(section));
  return { ...it, view };
}

test("the page stands in the rail between the link and the settings", async () => {
  await usage("quiet");
  const pages = within(screen.getByRole("navigation", { name: "Pages" })).getAllByRole("button");
  const names = pages.map((page) => page.textContent?.trim());
  expect(names.indexOf("Usage")).toBe(names.indexOf("Settings") - 1);
  expect(names.indexOf("Usage")).toBeGreaterThan(names.indexOf("Link"));
});

test.each<[Case, string, boolean]>([
  ["quiet", "Enough left", false],
  ["near", "Over 80 %", true],
  ["close", "Over 95 %", true],
  ["over", "Used up", true],
  ["paid", "No limit", false],
])("the meter of commands says %s in words", async (which, words, slowed) => {
  const { view } = await usage(which);
  const meter = screen.getByRole("region", { name: "Commands" });
  within(meter).getByText(words);
  within(meter).getByText(grouped(view.meters[0]!.used!));
  within(meter).getByText(grouped(view.meters[0]!.others!));
  expect(screen.queryByRole("region", { name: /^Slowed/ }) !== null).toBe(slowed);
});

test("without a key only ours is shown, and how more becomes known", async () => {
  const world = await usage("keyless");
  const meter = screen.getByRole("region", { name: "Commands" });
  within(meter).getByText(/ours alone/);
  expect(within(meter).queryByText("Others")).toBeNull();
  within(screen.getByRole("region", { name: "Storage" })).getByText("Not known");
  screen.getByText(/^Without an API key/);
  await fireEvent.click(button("Log in to Upstash"));
  await waitFor(() => expect(world.of("guide_door")).toEqual([{ door: "make" }]));
});

test("before anything was sent the page says what it will show", async () => {
  await usage("empty");
  screen.getByRole("heading", { name: "Nothing was sent this month yet" });
  expect(screen.queryByRole("img")).toBeNull();
});

test("the chart says what it shows, and its days are gone through with the keys", async () => {
  const { view } = await usage("busy");
  const [sum, bars] = screen.getAllByRole("img");
  const { expected, low, high } = view.forecasts[0]!;
  for (const amount of [view.meters[0]!.used!, 500_000, expected, low, high])
    expect(sum!.getAttribute("aria-label")).toContain(grouped(amount));
  expect(bars!.getAttribute("aria-label")).toMatch(/by kind/);

  const days = within(screen.getByRole("group", { name: /^Days/ })).getAllByRole("button");
  expect(days).toHaveLength(25);
  expect(days.filter((day) => day.tabIndex === 0)).toEqual([days[24]]);
  const figure = screen.getByRole("figure");
  days[24]!.focus();
  await fireEvent.keyDown(days[24]!, { key: "ArrowLeft" });
  expect(document.activeElement).toBe(days[23]);
  within(figure).getByText("Tuesday 24 November");
  within(figure).getByText(new RegExp(`^${grouped(view.days[23]!.commands)} of ours`));
  expect(days[23]!.getAttribute("aria-label")).toContain(`Heartbeats ${grouped(1440)}`);
  await fireEvent.keyDown(days[23]!, { key: "Home" });
  await fireEvent.keyDown(days[0]!, { key: "ArrowLeft" });
  expect(document.activeElement).toBe(days[0]);
  within(figure).getByText("Sunday 1 November");
  await fireEvent.pointerEnter(days[9]!);
  within(figure).getByText("Tuesday 10 November");
  await fireEvent.pointerLeave(screen.getByRole("group", { name: /^Days/ }));
  within(figure).getByText("Sunday 1 November");
});

test("the table behind the chart has every day", async () => {
  const { view } = await usage("busy");
  const table = within(screen.getByText("The same as a table").parentElement!).getByRole("table", {
    hidden: true,
  });
  const rows = within(table).getAllByRole("row", { hidden: true });
  expect(rows).toHaveLength(26);
  expect(rows[25]!.textContent).toContain("25 November");
  expect(rows[25]!.textContent).toContain(grouped(view.days[24]!.commands));
});

test("our share by kind is of the plan", async () => {
  await usage("quiet");
  const share = screen.getByRole("region", { name: "Our share, by kind" });
  within(share).getByRole("columnheader", { name: "Of the Free plan" });
  expect(within(share).getAllByRole("row")[1]!.textContent).toMatch(/Heartbeats.*3\.5 %/s);
});

test("the days go out as a file, and where it is is said", async () => {
  const world = await usage("busy", "This month", { answers: { export_usage: () => "/tmp/usage.csv" } });
  await fireEvent.click(button("Export as CSV"));
  await screen.findByText("/tmp/usage.csv");
  expect(world.of("export_usage")).toHaveLength(1);
});

test("settings are tried in thought, asked once they rest, and taken over only when wanted", async () => {
  const world = await usage("busy", "What would change");
  await screen.findByText(/as it is set now/);
  const slider = screen.getByRole<HTMLInputElement>("slider", { name: "A heartbeat every 2 minutes" });
  expect(slider.getAttribute("aria-valuetext")).toBe("2 minutes");
  expect(button("Take this over into the settings").disabled).toBe(true);
  const asked = world.of("usage_what_if").length;
  for (const value of [4, 5]) {
    await fireEvent.input(slider, { target: { value: String(value) } });
  }
  await screen.findByText(/12,960 fewer than now/);
  expect(world.of("usage_what_if").slice(asked)).toEqual([
    { settings: { heartbeat_s: 300, record: true, receipts: true } },
  ]);
  await fireEvent.click(screen.getByRole("switch", { name: "Keep a record of what is sent" }));
  await screen.findByText(/13,620 fewer than now/);
  expect(world.of("change_settings")).toEqual([]);
  await fireEvent.click(button("Take this over into the settings"));
  await screen.findByText("It is set, and in force.");
  expect(world.of("change_settings")).toEqual([
    {
      before: made.settings,
      after: {
        ...made.settings,
        heartbeat: { every: 300 },
        record: { ...made.settings.record, write: false },
      },
    },
  ]);
  expect(button("Take this over into the settings").disabled).toBe(true);
});

test("where commands are paid for, the price and its change are said", async () => {
  const answers = {
    usage_what_if: ({ settings }: Record<string, unknown>) => whatIfOf(settings as WhatIf, 20),
  };
  await usage("paid", "What would change", { answers });
  await screen.findByText(/as it is set now\. They cost \$4\.77 a month\./);
  const slider = screen.getByRole("slider");
  await fireEvent.input(slider, { target: { value: "5" } });
  await screen.findByText(/12,960 fewer than now\. They cost \$2\.18 a month, \$2\.59 less than now\./);
  const row = screen.getByRole("row", { name: /^What they cost/ });
  expect(row.textContent).toMatch(/\$4\.77.*\$2\.18/s);
  await fireEvent.input(slider, { target: { value: "2" } });
  await screen.findByText(/21,600 more than now\. They cost \$9\.09 a month, \$4\.32 more than now\./);
});

test("what went to another database is said and counted nowhere", async () => {
  await usage("quiet");
  screen.getByText(/Another database took 4,310 of this month’s commands/);
});

test("the bars have the forecast's line and the limit's, in words too", async () => {
  const { view } = await usage("near");
  const bars = screen.getAllByRole("img")[1]!;
  const { expected, low, high, most } = view.forecasts[0]!.a_day;
  for (const amount of [expected, low, high, most!])
    expect(bars.getAttribute("aria-label")).toContain(grouped(amount));
  within(bars).getByText(`Expected ${grouped(expected)} a day`);
  within(bars).getByText(`Limit ${grouped(most!)} a day`);
  expect(bars.querySelectorAll("line.expected, line.limit, rect.range")).toHaveLength(3);
});

test("a limit far above the days is said instead of drawn", async () => {
  await usage("quiet");
  const bars = screen.getAllByRole("img")[1]!;
  within(bars).getByText(/^Limit [\d,]+ a day, far above/);
  expect(bars.querySelectorAll("line.limit")).toHaveLength(0);
});

test("what is refused is not said to be in force", async () => {
  await usage("busy", "What would change", { fails: { change_settings: refused } });
  const record = await screen.findByRole("switch", { name: "Keep a record of what is sent" });
  await fireEvent.click(record);
  await fireEvent.click(button("Take this over into the settings"));
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
  expect(screen.queryByText("It is set, and in force.")).toBeNull();
});

test("the slowing is switched where it says what it does", async () => {
  const world = await usage("near");
  await fireEvent.click(button("See what would help"));
  const near = await screen.findByRole("region", { name: "Near a limit" });
  within(near).getByText(/every five minutes at most\.\s*It ends by itself/);
  await fireEvent.click(within(near).getByRole("switch", { name: "Slow down by itself" }));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toEqual({
    before: made.settings,
    after: { ...made.settings, usage: { ...made.settings.usage, slow_down: false } },
  });
  // What is shown is what Rust makes of it.
  await waitFor(() => expect(world.of("usage").length).toBeGreaterThan(1));
});

test("the table of prices is read here, and corrected in the settings", async () => {
  const world = await usage("busy", "Plan and prices");
  const prices = await screen.findByRole("region", { name: /^What the plans allow.* as of August 2026$/ });
  expect(within(prices).getByRole("row", { name: /^Commands a month/ }).textContent).toMatch(
    /500,000.*no limit/s,
  );
  expect(within(prices).queryAllByRole("spinbutton")).toEqual([]);
  await fireEvent.click(within(prices).getByRole("button", { name: "Correct in Settings" }));
  const part = await screen.findByRole("region", { name: "Prices and limits" });
  expect(document.activeElement).toBe(part);
  expect(button("Prices and limits").getAttribute("aria-current")).toBe("true");
  await within(part).findByLabelText("Free: Commands a month, 0 for no limit");
  expect(world.of("change_settings")).toEqual([]);
});

test("a fleet is planned as one writes, and nothing unsound is asked", async () => {
  const world = await usage("busy", "Plan a fleet");
  await screen.findByRole("heading", { name: "Free is the cheapest: $0 a month" });
  const agents = screen.getByLabelText("Agents");
  const asked = world.of("plan_fleet").length;
  await fireEvent.input(agents, { target: { value: "" } });
  screen.getByText("A whole number from 1 to 1,000,000.");
  screen.getByText(/As it was before/);
  await fireEvent.input(agents, { target: { value: "40" } });
  const cost = await screen.findByRole("region", { name: /Pay as you go is the cheapest/ });
  const free = within(cost).getByRole("row", { name: /^Free/ });
  expect(free.textContent).toMatch(/no: [\d,]+ commands too many/);
  expect(within(cost).getByRole("row", { name: /^Pay as you go/ }).textContent).toContain("cheapest");
  expect(world.of("plan_fleet").length).toBe(asked + 1);
});

test("the popular figure stands beside the right one", async () => {
  const world = await usage("busy", "Plan a fleet");
  const example = await screen.findByRole("region", { name: /20 agents with 1,000 messages/ });
  within(example).getByText(/\$0\.40 a month/);
  within(example).getByText(/600,000 commands: \$1\.20 a month, with pay as you go/);
  await fireEvent.click(button("Reckon with this fleet above"));
  await screen.findByRole("heading", { name: "Pay as you go is the cheapest: $1.20 a month" });
  expect(world.of("plan_fleet").at(-1)).toEqual({ fleet: expect.objectContaining({ agents: 20, days: 30 }) });
  expect(document.activeElement?.textContent).toContain("A fleet");
});

test("what cannot be read is said", async () => {
  const world: World = { fails: { usage: refused } };
  backend({ place: { page: "usage", task: null }, ...world });
  render(App);
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
});
