import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import App from "../src/App.svelte";
import type { RotationView } from "../src/bindings/RotationView";
import type { StepState } from "../src/bindings/StepState";
import * as made from "../src/dev/rotation";
import { stepStateWords } from "../src/lib/words";
import { backend, type World } from "./backend";

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });
const none = (name: string | RegExp) => expect(screen.queryByRole("button", { name })).toBeNull();

async function keys(rotation: RotationView, world: World = {}) {
  const it = backend({ place: { page: "keys", task: null }, rotation, ...world });
  render(App);
  await screen.findByRole("heading", { level: 1, name: "Keys" });
  return it;
}

/** A check that finds this. */
const finds = (findings: RotationView["findings"]): World => ({
  answers: { rotation_check: () => ({ ...made.views.usual, findings }) },
});

test("the age, the day and the rail say when the key is due", async () => {
  await keys(made.views.overdue);
  await screen.findByText("41 days");
  screen.getByText("Overdue by 11 days");
  screen.getByText("Key overdue by 11 days");
});

test("where nothing is missing, one press begins", async () => {
  const world = await keys(made.views.usual, finds(made.goodFindings));
  await fireEvent.click(button("Rotate now"));
  await waitFor(() => expect(world.of("rotation_begin")).toEqual([{ reason: "asked" }]));
  expect(world.of("rotation_check")).toHaveLength(1);
});

test("what is missing is said with its consequence, and the person decides", async () => {
  const world = await keys(made.views.usual, finds(made.warnedFindings));
  await fireEvent.click(button("It may have leaked"));
  await screen.findByText("Helios will be cut off until you paste the new address there.");
  await waitFor(() => expect(document.activeElement?.textContent).toContain("Before it is changed"));
  screen.getByText("10 things are as they should be");
  expect(world.of("rotation_begin")).toEqual([]);
  await fireEvent.click(button("Rotate all the same"));
  await waitFor(() => expect(world.of("rotation_begin")).toEqual([{ reason: "may_have_leaked" }]));
});

test("what is no longer missing after another look begins nothing by itself", async () => {
  const world = await keys(made.views.usual, finds(made.warnedFindings));
  await fireEvent.click(button("Rotate now"));
  await screen.findByText("Before it is changed");
  await world.tell({ type: "rotation", rotation: { ...made.views.usual, findings: made.goodFindings } });
  const now = await screen.findByRole("button", { name: "Rotate now" });
  expect(world.of("rotation_begin")).toEqual([]);
  await fireEvent.click(now);
  await waitFor(() => expect(world.of("rotation_begin")).toEqual([{ reason: "asked" }]));
  expect(world.of("rotation_check")).toHaveLength(1);
});

test("a look that ends after the page was left begins nothing", async () => {
  let found = (_: RotationView) => {};
  const looks = new Promise<RotationView>((done) => (found = done));
  const world = await keys(made.views.usual, { answers: { rotation_check: () => looks } });
  await fireEvent.click(button("Rotate now"));
  await fireEvent.click(button("Settings"));
  await screen.findByRole("heading", { level: 1, name: "Settings" });
  found({ ...made.views.usual, findings: made.goodFindings });
  await looks;
  await new Promise((done) => setTimeout(done));
  expect(world.of("rotation_begin")).toEqual([]);
});

test("nothing begins while what was found is still to be told", async () => {
  let found = (_: RotationView) => {};
  const looks = new Promise<RotationView>((done) => (found = done));
  const world = await keys(made.views.usual, { answers: { rotation_check: () => looks } });
  await fireEvent.click(button("Rotate now"));
  // It is on its way while the look is, and comes before the answer.
  await world.tell({ type: "rotation", rotation: { ...made.views.usual, findings: [], checking: true } });
  found({ ...made.views.usual, findings: made.warnedFindings });
  await looks;
  await new Promise((done) => setTimeout(done));
  expect(world.of("rotation_begin")).toEqual([]);
  await world.tell({ type: "rotation", rotation: { ...made.views.usual, findings: made.warnedFindings } });
  await screen.findByText("Before it is changed");
  expect(world.of("rotation_begin")).toEqual([]);
});

test("what bars it leaves no way on, and Escape leads back to the button", async () => {
  const world = await keys(made.views.usual, finds(made.barredFindings));
  await fireEvent.click(button("It may have leaked"));
  await screen.findByText("It cannot be changed like this");
  const found = within(screen.getByRole("list", { name: "What is missing" })).getAllByRole("listitem");
  expect(found.map((line) => line.className.split(" ")[0])).toEqual(["bars", "warning"]);
  none("Rotate all the same");
  await fireEvent.keyDown(window, { key: "Escape" });
  await waitFor(() => expect(document.activeElement).toBe(button("It may have leaked")));
  expect(world.of("rotation_begin")).toEqual([]);
});

test("a look that goes on is waited for", async () => {
  const looking = { ...made.views.usual, checking: true, findings: made.goodFindings };
  const world = await keys(made.views.usual, { answers: { rotation_check: () => looking } });
  await fireEvent.click(button("Rotate now"));
  await screen.findByText(/Looking whether/);
  expect(world.of("rotation_begin")).toEqual([]);
  await world.tell({ type: "rotation", rotation: { ...looking, checking: false } });
  await waitFor(() => expect(world.of("rotation_begin")).toHaveLength(1));
});

test("a look that fails is said, and begins nothing", async () => {
  const trouble = { code: "not_possible", message: "The key is being changed already.", remedy: "Wait." };
  const world = await keys(made.views.usual, { fails: { rotation_check: trouble } });
  await fireEvent.click(button("Rotate now"));
  await screen.findByText(/being changed already/);
  expect(button("Rotate now").disabled).toBe(false);
  expect(world.of("rotation_begin")).toEqual([]);
});

test("one that was begun elsewhere takes the buttons away, and its end brings them back", async () => {
  const world = await keys(made.views.usual);
  await world.tell({ type: "rotation", rotation: made.views.running });
  await screen.findByText("The key is being changed");
  none("Rotate now");
  await world.tell({ type: "rotation", rotation: made.views.done });
  await screen.findByText("The key was changed. The old one no longer works.");
  button("Rotate now");
});

test("every step has its state in words and the time it took", async () => {
  const states = Object.keys(stepStateWords) as StepState[];
  const steps = made.order.map((step, place) => ({
    ...made.stepsTo(step, states[place % states.length]!)[place]!,
    took: place === 0 ? null : 92_000,
  }));
  await keys({ ...made.views.running, steps });
  const lines = within(await screen.findByRole("list", { name: "Steps" })).getAllByRole("listitem");
  expect(lines).toHaveLength(made.order.length);
  lines.forEach((line, place) => {
    expect(line.textContent).toContain(stepStateWords[states[place % states.length]!].word);
    expect(line.textContent).toContain(steps[place]!.words);
    if (place > 0) expect(line.textContent).toContain("1 min 32 s");
  });
});

test("the new address is pasted where it is asked for, and not kept on the page", async () => {
  const world = await keys(made.views.address);
  const box = await screen.findByLabelText<HTMLInputElement>("The address");
  expect(button("Use this address").disabled).toBe(true);
  await fireEvent.input(box, { target: { value: "rediss://default:new@calm-owl:6379" } });
  await fireEvent.submit(box.closest("form")!);
  expect(world.of("rotation_give_address")).toEqual([{ text: "rediss://default:new@calm-owl:6379" }]);
  await waitFor(() => expect(box.value).toBe(""));
});

test("an address that is refused stays to be mended", async () => {
  const trouble = {
    code: "password_refused",
    message: "The password in this address is refused.",
    remedy: "",
  };
  await keys(made.views.address, { fails: { rotation_give_address: trouble } });
  const box = await screen.findByLabelText<HTMLInputElement>("The address");
  await fireEvent.input(box, { target: { value: "rediss://x" } });
  await fireEvent.click(button("Use this address"));
  await screen.findByText(/in this address is refused/);
  expect(box.value).toBe("rediss://x");
});

test.each([
  ["keychain", "Try again"],
  ["network", "Try now"],
] as const)("what waits for the %s can be tried again", async (what, name) => {
  const world = await keys(made.views[what]);
  await fireEvent.click(await screen.findByRole("button", { name }));
  expect(world.of("rotation_again")).toHaveLength(1);
});

test("by hand: Rust copies, the page says for how long, and the person says that it is there", async () => {
  const world = await keys(made.views.hand_over, { answers: { rotation_copy_address: () => 30 } });
  screen.getByText(/Helios is on the old key since/);
  await fireEvent.click(button("Copy the new address"));
  await screen.findByText("Copied.");
  screen.getByText(/taken off the clipboard in (30|29) s/);
  await waitFor(() => expect(button("Helios has it").disabled).toBe(false));
  await fireEvent.click(button("Helios has it"));
  expect(world.of("rotation_finish")).toHaveLength(1);
  none("Give it once more");
});

test("what went its way can be given once more while Helios is silent", async () => {
  const world = await keys(made.views.behind);
  await fireEvent.click(button("Give it once more"));
  expect(world.of("rotation_again")).toHaveLength(1);
  screen.getByText(/Helios is on the old key since/);
});

test("undo is there while both keys work, and only then", async () => {
  const world = await keys(made.views.overlap);
  await fireEvent.click(button("Undo"));
  expect(world.of("rotation_undo")).toHaveLength(1);
  await world.tell({ type: "rotation", rotation: made.views.done });
  await waitFor(() => none("Undo"));
});

test("the way to Helios is saved as it is chosen, with all the rest as it was", async () => {
  const world = await keys(made.views.by_hand);
  await fireEvent.click(await screen.findByRole("radio", { name: "By a command of yours" }));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toMatchObject({
    after: { rotation: { handover: "command", helios_key: "", command: "" }, agents: { me: "chad" } },
  });
});

test("a command that is being written stays while another setting is saved", async () => {
  const world = await keys(made.views.command);
  const box = await screen.findByLabelText<HTMLInputElement>("The command");
  await fireEvent.input(box, { target: { value: "other" } });
  await fireEvent.click(screen.getByRole("radio", { name: "By a command of yours" }));
  await fireEvent.change(screen.getByRole("radio", { name: "By a command of yours" }));
  await screen.findByText("Saved");
  expect(world.of("change_settings").length).toBeGreaterThan(0);
  expect(box.value).toBe("other");
  screen.getByText("until the change is saved");
});

test("a command is shown word by word before it is tried", async () => {
  const world = await keys(made.views.command);
  const list = await screen.findByRole("list", { name: /what will be run/ });
  const words = within(list).getAllByRole("listitem");
  expect(words.map((word) => word.textContent)).toEqual(made.handovers.command.command);
  screen.getByText("The test did not work.");
  await fireEvent.click(button("Test it"));
  expect(world.of("rotation_test_handover")).toHaveLength(1);
  const box = screen.getByLabelText("The command");
  await fireEvent.input(box, { target: { value: "other" } });
  screen.getByText("until the change is saved");
  await fireEvent.click(button("Save it"));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toMatchObject({ after: { rotation: { command: "other" } } });
});

test("a public key is pasted, and its fingerprint shown", async () => {
  const world = await keys(made.views.usual);
  screen.getByText(made.FINGERPRINT);
  const box = await screen.findByLabelText("Helios’s public key");
  await fireEvent.input(box, { target: { value: " age1other " } });
  await fireEvent.click(button("Use this key"));
  await waitFor(() => expect(world.of("change_settings")).toHaveLength(1));
  expect(world.of("change_settings")[0]).toMatchObject({
    after: { rotation: { helios_key: "age1other" } },
  });
});

test("an offered key is used only after its fingerprint was shown", async () => {
  const world = await keys(made.views.offered);
  none(/use it/);
  await fireEvent.click(button("Compare and use…"));
  screen.getByText(made.FINGERPRINT);
  expect(document.activeElement?.textContent).toContain("Does Helios show exactly this?");
  await fireEvent.keyDown(window, { key: "Escape" });
  await waitFor(() => expect(document.activeElement).toBe(button("Compare and use…")));
  await fireEvent.click(button("Compare and use…"));
  await fireEvent.click(button("Exactly this: use it"));
  expect(world.of("rotation_confirm_key")).toEqual([{ use: true }]);
  await waitFor(() => expect(world.of("settings").length).toBeGreaterThan(1));
});

test("the other keys have their ages and the steps to renew them", async () => {
  await keys(made.views.usual);
  const list = screen.getByRole("heading", { name: "GitHub token" }).closest("li")!;
  expect(list.textContent).toContain("known for 93 days · overdue by 3 days");
  within(list).getByText("Delete the old one at GitHub.");
  expect(screen.queryByRole("heading", { name: "The database’s key" })).toBeNull();
});

test("a key of which nobody wants to be reminded is not overdue", async () => {
  const ages = made.views.usual.ages.map((age) => ({ ...age, due_in: null }));
  await keys({ ...made.views.usual, ages });
  const list = screen.getByRole("heading", { name: "GitHub token" }).closest("li")!;
  expect(list.textContent).toContain("known for 93 days");
  expect(list.textContent).not.toMatch(/due|·/);
});

test("receipts tell all of a change, are read again after the next, and can be exported", async () => {
  const place = "/home/ada/receipts.jsonl";
  const world = await keys(made.views.usual, {
    answers: { rotation_export: () => ({ messages: 3, place }) },
  });
  await screen.findByText(made.receipts[0]!.id);
  screen.getByText("1 min 35 s without a link", { exact: false });
  screen.getByText("as you said,", { exact: false });
  screen.getByText(/By a command of yours, which did not work/);
  screen.getAllByText("9c41e07b");
  await fireEvent.click(button("Export all receipts"));
  await screen.findByText(place);
  const read = world.of("rotation_receipts").length;
  const last = { ...made.receipts[0]!, id: "another" };
  await world.tell({ type: "rotation", rotation: { ...made.views.done, last } });
  await waitFor(() => expect(world.of("rotation_receipts").length).toBe(read + 1));
});

test("an empty page teaches", async () => {
  await keys(made.views.fresh, {
    condition: "setup_needed",
    answers: { rotation_receipts: () => [] },
  });
  await screen.findByText(/Each change of the database’s key leaves one/);
  screen.getByText(/knows no other key/);
  none("Rotate now");
  button("Set up a database");
});

test("whether each agent can be a user of its own is looked at first, and then offered", async () => {
  const world = await keys(made.views.usual, {
    answers: { rotation_check: () => made.views.users_offered },
  });
  none("Make them users");
  await fireEvent.click(button("See whether this database can"));
  await screen.findByText(made.views.users_offered.users_words);
  await waitFor(() => expect(document.activeElement?.textContent).toContain("valid side by side"));
  await fireEvent.click(button("Make them users"));
  await waitFor(() => expect(world.of("rotation_move_to_users")).toHaveLength(1));
});

test("where they are users already, nothing is offered", async () => {
  await keys(made.views.users);
  await screen.findByText(made.views.users.users_words);
  none("Make them users");
  none("See whether this database can");
  screen.getByText(/The old and the new key work side by side/);
});

test("the receipts are read again when there is another one, not at every word of a change", async () => {
  const world = await keys(made.views.usual);
  await waitFor(() => expect(world.of("rotation_receipts")).toHaveLength(1));
  await world.tell({ type: "rotation", rotation: structuredClone(made.views.usual) });
  await world.tell({
    type: "rotation",
    rotation: { ...structuredClone(made.views.usual), words: "On its way." },
  });
  expect(world.of("rotation_receipts")).toHaveLength(1);
  const last = { ...made.receipts[0]!, id: "another" };
  await world.tell({ type: "rotation", rotation: { ...structuredClone(made.views.usual), last } });
  await waitFor(() => expect(world.of("rotation_receipts")).toHaveLength(2));
});

test("what is asked is brought into sight once", async () => {
  const scroll = vi.spyOn(Element.prototype, "scrollIntoView");
  const world = await keys(made.views.address);
  await screen.findByLabelText("The address");
  const times = scroll.mock.calls.length;
  expect(times).toBeGreaterThan(0);
  await world.tell({ type: "rotation", rotation: structuredClone(made.views.address) });
  await screen.findByLabelText("The address");
  expect(scroll.mock.calls.length).toBe(times);
});
