import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import App from "../src/App.svelte";
import type { Door } from "../src/bindings/Door";
import type { GuideView } from "../src/bindings/GuideView";
import * as made from "../src/dev/setup";
import { backend, type World } from "./backend";

const account = { email: "ada@example.org", kept: "session" as const };

function door(door: Door, change: Partial<GuideView> = {}, world: World = {}) {
  const it = backend({
    place: { page: "setup", task: null },
    guide: made.guideOf("address", { door, ...change }),
    ...world,
  });
  render(App);
  return it;
}

const button = (name: string | RegExp) => screen.getByRole<HTMLButtonElement>("button", { name });
const press = (name: string | RegExp) => fireEvent.click(button(name));
const box = () => screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Address" });
const paste = async (value: string) => fireEvent.input(await box(), { target: { value } });

test("what is pasted is understood, with the password as dots, and goes on with Enter", async () => {
  const text = `redis://default:${made.SECRET}@calm-owl-12345.upstash.io:6379`;
  const world = door("paste");
  await paste(text);
  await screen.findByText(/became rediss:\/\//);
  const card = screen.getByText("calm-owl-12345.upstash.io").closest("dl")!;
  expect(card.textContent).toContain("••••••••");
  expect(card.textContent).not.toContain(made.SECRET);
  await fireEvent.keyDown(await box(), { key: "Enter" });
  await waitFor(() => expect(world.of("try_address")).toEqual([{ text, consent: false }]));
  await world.tell({ type: "guide", guide: made.guideOf("test", { testing: true }) });
  await screen.findByRole("heading", { level: 1, name: "Testing the connection" });
  expect(document.body.innerHTML).not.toContain(made.SECRET);
});

test("typing asks once it rests, and an older answer is not taken", async () => {
  const world = door("paste");
  for (const text of ["r", "re", "rediss://x"]) await paste(text);
  await screen.findByText("calm-owl-12345.upstash.io");
  expect(world.of("understand")).toEqual([{ text: "rediss://x" }]);
});

test("without encryption a deliberate yes is needed, and a change takes it back", async () => {
  const text = "redis://chad:secret@nas.local:6379";
  const world = door("paste");
  await paste(text);
  const yes = await screen.findByRole<HTMLInputElement>("checkbox", { name: /without encryption/ });
  expect(button("Test this address").disabled).toBe(true);
  await fireEvent.click(yes);
  expect(button("Test this address").disabled).toBe(false);
  await paste(`${text} `);
  await waitFor(() => expect(button("Test this address").disabled).toBe(true));
  await fireEvent.click(await screen.findByRole("checkbox", { name: /without encryption/ }));
  await press("Test this address");
  await waitFor(() => expect(world.of("try_address")).toEqual([{ text: `${text} `, consent: true }]));
});

test("what cannot be used says why", async () => {
  door("paste");
  await paste("https://calm-owl-12345.upstash.io");
  expect((await screen.findByRole("alert")).textContent).toContain("without its token");
  expect(button("Test this address").disabled).toBe(true);
});

test("the API key is checked, is gone from the page, and is not remembered unless wanted", async () => {
  const world = door("make", {}, { answers: { account_login: () => made.databases } });
  await fireEvent.input(await screen.findByLabelText("E-mail of the account"), {
    target: { value: "ada@example.org" },
  });
  const key = screen.getByLabelText<HTMLInputElement>("API key");
  expect(key.type).toBe("password");
  await fireEvent.input(key, { target: { value: "very-secret" } });
  await press("Check the key");
  expect(world.of("account_login")).toEqual([
    { email: "ada@example.org", key: "very-secret", remember: false },
  ]);
  await screen.findByRole("heading", { level: 1, name: "Which database?" });
  expect(document.body.innerHTML).not.toContain("very-secret");
});

test("a key that is refused is said, and has to be written again", async () => {
  const refused = { code: "api_key_refused", message: "Upstash does not know it.", remedy: "Look again." };
  door("make", {}, { fails: { account_login: refused } });
  const email = await screen.findByLabelText<HTMLInputElement>("E-mail of the account");
  await fireEvent.input(email, { target: { value: "ada@example.org" } });
  const key = screen.getByLabelText<HTMLInputElement>("API key");
  await fireEvent.input(key, { target: { value: "wrong" } });
  await press("Check the key");
  await screen.findByText(/Upstash does not know it/);
  expect(key.value).toBe("");
  expect(email.value).toBe("ada@example.org");
  expect(button("Check the key").disabled).toBe(true);
});

test("what remembering the key changes is explained", async () => {
  door("make");
  await screen.findByText(/forgotten when Heliograph ends/);
  await fireEvent.click(screen.getByRole("switch", { name: "Remember this key" }));
  await screen.findByText(/kept in the keychain/);
});

test("a database is chosen from the list; one that cannot be used cannot", async () => {
  const world = door("make", { account });
  const mine = await screen.findByRole("radio", { name: /orders-production/ });
  expect(screen.getByRole<HTMLInputElement>("radio", { name: /suspended/ }).disabled).toBe(true);
  expect(button("Use this one").disabled).toBe(true);
  await fireEvent.click(mine);
  await press("Use this one");
  await waitFor(() => expect(world.of("choose_database")).toEqual([{ id: "b2" }]));
});

test("another account forgets the key", async () => {
  const world = door("make", { account });
  await screen.findByRole("radio", { name: /orders-production/ });
  await press("Use another account");
  await waitFor(() => expect(world.of("account_forget")).toHaveLength(1));
});

test("a new one: suggested region with its reason; free is not offered twice", async () => {
  const world = door("make", { account });
  await screen.findByRole("radio", { name: /orders-production/ });
  await press("Make a new one");
  await screen.findByText(/Singapore is the nearest/);
  expect(screen.getByLabelText<HTMLSelectElement>("Region").value).toBe("ap-southeast-1");
  expect(screen.getByRole<HTMLInputElement>("radio", { name: /^Free/ }).disabled).toBe(true);
  await screen.findByText(/has its one free database already/);
  await fireEvent.change(screen.getByLabelText("Platform"), { target: { value: "gcp" } });
  await waitFor(() => expect(screen.getByLabelText<HTMLSelectElement>("Region").value).toBe("us-central1"));
  await press("Make it");
  expect(world.of("create_database")).toEqual([
    { new: { name: "heliograph", platform: "gcp", region: "us-central1", pay: true } },
  ]);
});

test("in an empty account the way on is a new one, free; Escape goes back to the list", async () => {
  const world = door(
    "make",
    { account },
    { answers: { account_databases: () => ({ databases: [], free_taken: false }) } },
  );
  await screen.findByText(/no database in this account/);
  await press("Make a new one");
  await screen.findByText(/500,000 commands a month, 256 MB/);
  await fireEvent.keyDown(window, { key: "Escape" });
  await screen.findByText(/no database in this account/);
  await press("Make a new one");
  await waitFor(() => expect(button("Make it").disabled).toBe(false));
  await press("Make it");
  expect(world.of("create_database")[0]).toMatchObject({ new: { region: "ap-southeast-1", pay: false } });
});

test("waiting for a database shows how long, and can be stopped", async () => {
  const now = Date.now();
  const making = { name: "heliograph", since: now - 8_000, until: now + 112_000, trouble: null };
  const world = door("make", { account, making });
  const bar = await screen.findByRole<HTMLProgressElement>("progressbar");
  expect(bar.value).toBeGreaterThanOrEqual(8_000);
  expect(bar.max).toBe(120_000);
  await press("Stop waiting");
  expect(world.of("cancel_making")).toHaveLength(1);
});

test("a database that was not made says why, and the way goes back", async () => {
  const why = { code: "plan_limit" as const, message: "The free one is taken.", remedy: "Use that one." };
  const world = door("make", { account, making: { name: "x", since: 0, until: 1, trouble: why } });
  expect((await screen.findByRole("alert")).textContent).toContain("The free one is taken.");
  await press("Back");
  expect(world.of("cancel_making")).toHaveLength(1);
});

test("72 hours: what it means, and one request", async () => {
  const world = door("temporary");
  await screen.findByText(/It is deleted, with all that is in it/);
  await press("Lend me one");
  expect(world.of("temporary_database")).toHaveLength(1);
});
