import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import App from "../src/App.svelte";
import type { GuideView } from "../src/bindings/GuideView";
import type { Step } from "../src/bindings/Step";
import * as made from "../src/dev/setup";
import { guide } from "../src/lib/guide.svelte";
import { stateOf } from "../src/lib/setup";
import { backend, type World } from "./backend";

const place = { page: "setup", task: null } as const;

/** The set-up as it opens at a step. */
function at(step: Step, change: Partial<GuideView> = {}, world: World = {}) {
  const it = backend({ place, guide: made.guideOf(step, change), ...world });
  render(App);
  return it;
}

const title = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name });
const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });
const press = (name: string | RegExp) => fireEvent.click(button(name));
const trouble = { code: "not_possible", message: "It cannot be now.", remedy: "Later it can." };

test("with nothing set up the window opens on the set-up; it can be left, and come back to", async () => {
  backend({ condition: "setup_needed", guide: made.guideOf("where") });
  render(App);
  await title("Where is the database?");
  await press(/Leave the set-up/);
  await screen.findAllByRole("option");
  await press("Finish the set-up");
  await title("Where is the database?");
});

test("a set-up that was finished, or has an address, does not push itself forward", async () => {
  for (const view of [made.guideOf("where", { finished: true }), made.guideOf("names")]) {
    backend({ guide: view });
    const { unmount } = render(App);
    await screen.findAllByRole("option");
    unmount();
  }
});

test("the rail says where each step stands, and only what can be gone to goes", async () => {
  const world = at("test", { done: ["where", "address"] });
  await title(/./);
  expect(button(/^1.*The|Where/).className).toContain("done");
  expect(button(/Test, you are here/).getAttribute("aria-current")).toBe("step");
  expect(button(/Names/).disabled).toBe(true);
  await fireEvent.click(button(/Where the database is, done/));
  expect(world.of("guide_go")).toEqual([{ step: "where" }]);
});

test("after the end every step can be gone to", () => {
  const view = made.guideOf("where", { finished: true, done: ["where"] });
  expect(stateOf(view, "computer")).toBe("open");
  expect(stateOf({ ...view, finished: false }, "computer")).toBe("shut");
  expect(stateOf({ ...view, finished: false }, "address")).toBe("open");
});

test("the focus moves to the heading of a new step, and Enter there goes on", async () => {
  const world = at("names");
  const heading = await title("Who talks with whom?");
  expect(document.activeElement).toBe(heading);
  await waitFor(() => expect(button("Continue").disabled).toBe(false));
  await fireEvent.keyDown(heading, { key: "Enter" });
  await waitFor(() => expect(world.of("set_names")).toEqual([{ me: "chad", peers: ["helios"] }]));
  await world.tell({ type: "guide", guide: made.guideOf("helios") });
  expect(document.activeElement).toBe(await title("Connect Helios"));
});

test("an answer that was overtaken by an event does not turn the page back", async () => {
  let answer: (view: GuideView) => void = () => {};
  guide.view = made.guideOf("test");
  const asked = guide.ask(new Promise((done) => (answer = done)));
  guide.hear(made.guideOf("names"));
  answer(made.guideOf("test"));
  await asked;
  expect(guide.view?.step).toBe("names");
});

test("what was found is offered first, and the doors open", async () => {
  const world = at("where", { found: [{ find: "environment_address", shown: "calm-owl.upstash.io:6379" }] });
  await title("Where is the database?");
  await screen.findByText("calm-owl.upstash.io:6379");
  await press("Use it: Found in the environment");
  expect(world.of("take_find")).toEqual([{ find: "environment_address" }]);
  await waitFor(() => expect(button(/^I have one/).disabled).toBe(false));
  await press(/^I have one/);
  expect(world.of("guide_door")).toEqual([{ door: "paste" }]);
});

test("the sandbox's door says what happens", async () => {
  const world = at("where");
  await title("Where is the database?");
  await press(/^Try it on this computer/);
  await screen.findByText(/opens in a window of its own/);
  expect(world.of("guide_door")).toEqual([{ door: "sandbox" }]);
});

test("a keychain that is locked is said in its own words", async () => {
  at("where", { keychain: made.keychainLocked });
  expect((await screen.findByRole("alert")).textContent).toContain("The keychain is locked.");
});

test("a dropped file is understood, then tested; one that is too large is not read", async () => {
  const world = at("where");
  await title("Where is the database?");
  const text = `UPSTASH_REDIS_URL=rediss://default:${made.SECRET}@calm-owl-12345.upstash.io:6379`;
  const drop = (file: File) =>
    fireEvent.drop(screen.getByRole("region", { name: "A .env file" }), { dataTransfer: { files: [file] } });
  await drop(new File([text], ".env"));
  await screen.findByText("calm-owl-12345.upstash.io");
  expect(document.body.innerHTML).not.toContain(made.SECRET);
  await press("Test this address");
  expect(world.of("try_address")).toEqual([{ text, consent: false }]);
  await waitFor(() => expect(button("Test this address").disabled).toBe(false));
  await drop(new File(["x".repeat(64 * 1024 + 1)], "film.mkv"));
  expect((await screen.findByRole("alert")).textContent).toContain("film.mkv");
  expect(screen.queryByRole("region", { name: "The file" })).toBeNull();
  await drop(new File(["hello"], "last.env"));
  await screen.findByText(/No host could be found/);
  expect(world.of("understand")).toEqual([{ text }, { text: "hello" }]);
});

test("the test's steps are said with their end, time, cause and help", async () => {
  const world = at("test", { checks: made.badChecks, cost: 4 });
  await title("The connection does not work yet");
  const [first, , third, fourth] = within(
    screen.getByRole("list", { name: "Steps of the test" }),
  ).getAllByRole("listitem");
  expect(first!.textContent).toMatch(/found: good.*12 ms/s);
  expect(third!.textContent).toMatch(/wants encryption: failed.*Use the same address with TLS/s);
  expect(fourth!.textContent).toMatch(/Log-in: not tried/);
  await screen.findByText("It used 4 commands.", { selector: ".used" });
  expect(button("Continue").disabled).toBe(true);
  expect(screen.queryByRole("button", { name: "Use it anyway" })).toBeNull();
  await press("Use TLS");
  expect(world.of("test_use_tls")).toHaveLength(1);
});

test("progress of the test is told to a screen reader", async () => {
  const world = at("test", { testing: true, checks: made.goodChecks.slice(0, 1) });
  const live = await waitFor(() => {
    const region = document.querySelector("form [aria-live=polite]");
    expect(region?.textContent).toContain("calm-owl-12345.upstash.io found: good");
    return region!;
  });
  await world.tell({ type: "guide", guide: made.guideOf("test", { checks: made.goodChecks, cost: 21 }) });
  await waitFor(() =>
    expect(live.textContent).toBe("The test is through: all is well. It used 21 commands."),
  );
});

test("an address that only partly works can be used deliberately", async () => {
  const world = at("test", { checks: made.partlyChecks });
  await title("It connects, but not all of it works");
  expect(button("Continue").disabled).toBe(true);
  await press("Use it anyway");
  expect(world.of("keep_address")).toEqual([{ keep: "keychain" }]);
});

test("a good address is kept, and where the keychain fails, for this session", async () => {
  const world = at("test", { checks: made.goodChecks });
  await title("The connection works");
  await press("Continue");
  expect(world.of("keep_address")).toEqual([{ keep: "keychain" }]);
  const locked = made.guideOf("test", { checks: made.goodChecks, keychain: made.keychainLocked });
  await world.tell({ type: "guide", guide: locked });
  await press("Try the keychain again");
  await waitFor(() => expect(button("This session only").disabled).toBe(false));
  await press("This session only");
  expect(world.of("keep_address").slice(1)).toEqual([{ keep: "keychain" }, { keep: "session" }]);
});

test("what is kept already is not kept again", async () => {
  const world = at("test", { checks: made.goodChecks, kept: "keychain" });
  await title("The connection works");
  await press("Continue");
  expect(world.of("keep_address")).toEqual([]);
  expect(world.of("guide_go")).toEqual([{ step: "names" }]);
});

test("channels follow the names, and a name that cannot be stops there", async () => {
  const world = at("names");
  const me = await screen.findByLabelText("The agent on this computer");
  await screen.findByText("helios→chad");
  await fireEvent.input(me, { target: { value: "sol" } });
  await screen.findByText("helios→sol");
  await press("Add another");
  const second = await screen.findByLabelText("Agent 2");
  await waitFor(() => expect(document.activeElement).toBe(second));
  await fireEvent.input(second, { target: { value: "two words" } });
  await screen.findByText(/“two words” has a blank/);
  expect(button("Continue").disabled).toBe(true);
  await press("Remove agent 2");
  await waitFor(() => expect(button("Continue").disabled).toBe(false));
  await press("Continue");
  await waitFor(() => expect(world.of("set_names")).toEqual([{ me: "sol", peers: ["helios"] }]));
});

test("the last step switches, tries a notification, and finishes", async () => {
  const world = at("computer");
  await fireEvent.click(await screen.findByRole("switch", { name: "Start Heliograph at login" }));
  await waitFor(() => expect(world.of("set_autostart")).toEqual([{ on: false }]));
  await press("Show one");
  await fireEvent.click(await screen.findByRole("button", { name: "No" }));
  await screen.findByText(/Do not disturb/);
  await fireEvent.click(await screen.findByRole("switch", { name: /^Remind me to change/ }));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toMatchObject({ after: { reminders: { rotate: false } } });
  await press("Finish");
  await screen.findAllByRole("option");
  expect(world.of("guide_finish")).toHaveLength(1);
});

test("a switch that was refused stands where it stood", async () => {
  at("computer", {}, { fails: { set_autostart: trouble } });
  const box = await screen.findByRole<HTMLInputElement>("switch", { name: "Start Heliograph at login" });
  await fireEvent.click(box);
  await screen.findByText(/It cannot be now/);
  expect(box.checked).toBe(true);
});

test("a lent database is said with its end, and can be claimed", async () => {
  const ends = Date.now() + 71 * 3_600_000 + 90_000;
  const world = at("names", { temporary: { claim: true, ends } });
  await screen.findByText(/71 h 1 min left/);
  await press("Claim it in the browser");
  expect(world.of("open_web")).toEqual([{ page: "claim" }]);
});

test("the report is copied", async () => {
  const write = vi.fn().mockResolvedValue(undefined);
  vi.stubGlobal("navigator", Object.assign(navigator, { clipboard: { writeText: write } }));
  at("test", { checks: made.goodChecks }, { answers: { test_report: () => "All is well" } });
  await title("The connection works");
  await press("Copy report");
  await waitFor(() => expect(write).toHaveBeenCalledWith("All is well"));
});
