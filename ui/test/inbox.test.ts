import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import App from "../src/App.svelte";
import { detailOf } from "../src/dev/world";
import { backend, someRows } from "./backend";

const options = () => screen.findAllByRole("option");
const press = (key: string, target: Element | Window = window) => fireEvent.keyDown(target, { key });

async function openFirst(world = backend()) {
  render(App);
  await fireEvent.click((await options())[0]!);
  await screen.findByRole("heading", { level: 2, name: world.rows[0]!.title });
  return world;
}

test.each([
  ["a", "accepted"],
  ["d", "done"],
  ["f", "failed"],
  ["x", "declined"],
])("the key %s answers the open task with %s", async (key, status) => {
  const world = await openFirst();
  await press(key);
  await waitFor(() => expect(world.of("reply")).toEqual([{ seq: 12, status, text: "" }]));
});

test("Ctrl+Enter in the box says done, with the text; plain letters there answer nothing", async () => {
  const world = await openFirst();
  const box = screen.getByRole("textbox", { name: /Answer to/ });
  await press("r");
  expect(document.activeElement).toBe(box);
  await press("d", box);
  await fireEvent.input(box, { target: { value: "All good" } });
  await fireEvent.keyDown(box, { key: "Enter", ctrlKey: true });
  await waitFor(() => expect(world.of("reply")).toEqual([{ seq: 12, status: "done", text: "All good" }]));
});

test("an answer that fails says why and keeps the text", async () => {
  const trouble = { code: "disk_full", message: "The disk is full.", remedy: "Make room." };
  await openFirst(backend({ fails: { reply: trouble } }));
  const box = screen.getByRole<HTMLTextAreaElement>("textbox", { name: /Answer to/ });
  await fireEvent.input(box, { target: { value: "Do not lose me" } });
  await press("d");
  expect((await screen.findByRole("alert")).textContent).toContain("The disk is full.");
  expect(box.value).toBe("Do not lose me");
});

test("j and k move the choice, and the detail follows", async () => {
  const { rows } = await openFirst();
  await press("j");
  await screen.findByRole("heading", { level: 2, name: rows[1]!.title });
  await press("k");
  await screen.findByRole("heading", { level: 2, name: rows[0]!.title });
});

test("/ goes to the search box", async () => {
  await openFirst();
  await press("/");
  expect(document.activeElement).toBe(screen.getByRole("searchbox"));
});

test("what is looked at for a moment is marked as read, what is passed by is not", async () => {
  const world = await openFirst();
  expect(world.of("mark_read")).toEqual([]);
  await press("j");
  await waitFor(() => expect(world.of("mark_read")).toEqual([{ seq: 11 }]), { timeout: 2000 });
});

test("words from the network are text", async () => {
  const evil = `<img src=x onerror="window.hit = true"><script>window.hit = true</script>\u202Egnp.exe`;
  const row = { ...someRows(1)[0]!, title: evil, preview: evil, from: evil, channel: evil };
  const { container } =
    (backend({
      rows: [row],
      details: (one) => ({
        ...detailOf(one),
        fields: [{ name: evil, value: evil, machine: false }],
        extra: [{ name: evil, value: evil, machine: true }],
        raw: evil,
        timeline: [{ at: row.received_at, kind: "arrived", text: evil }],
      }),
    }),
    render(App));
  await fireEvent.click((await options())[0]!);
  const heading = await screen.findByRole("heading", { level: 2 });
  expect(heading.textContent).toBe(evil);
  expect(container.querySelector("img, script")).toBeNull();
  expect("hit" in window).toBe(false);
  const shown = [...container.querySelectorAll("*")].filter((element) =>
    [...element.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.includes(evil),
    ),
  );
  expect(shown.length).toBeGreaterThan(8);
  const loose = shown.filter((element) => !element.closest("bdi, .any"));
  expect(loose.map((element) => element.outerHTML)).toEqual([]);
});

test("gaps are said above the row on their newer side", async () => {
  const rows = someRows(3);
  const at = rows[1]!.received_at;
  rows[1] = { ...rows[1]!, gaps_after: [{ from: at + 1000, until: at + 60_000, cause: "asleep" }] };
  backend({ rows });
  render(App);
  const described = (await options())[1]!.getAttribute("aria-describedby")!;
  expect(document.getElementById(described)?.textContent).toMatch(/Not heard .*asleep.*may\s+be missing/s);
});

test("a new urgent task is announced, an ordinary one is not", async () => {
  const world = backend();
  const { container } = render(App);
  await options();
  const live = container.querySelector("[aria-live=assertive]")!;
  const plain = { ...world.rows[1]!, seq: 13, unread: true, title: "Ordinary" };
  world.rows.unshift(plain);
  await world.tell({ type: "inbox", newest: 13 });
  await screen.findByText("Ordinary");
  expect(live.textContent).toBe("");
  world.rows.unshift({ ...plain, seq: 14, priority: "urgent", title: "Fire" });
  await world.tell({ type: "inbox", newest: 14 });
  await waitFor(() => expect(live.textContent).toBe("Urgent task from helios: Fire"));
});

test("an untouched inbox teaches how to send the first task", async () => {
  const write = vi.fn().mockResolvedValue(undefined);
  vi.stubGlobal("navigator", Object.assign(navigator, { clipboard: { writeText: write } }));
  backend({ rows: [] });
  render(App);
  await fireEvent.click((await screen.findAllByRole("button", { name: "Copy the Python lines" }))[0]!);
  expect(write.mock.calls[0]![0]).toContain('r.publish("helios→chad"');
});

test("a notification's task is opened", async () => {
  const world = backend();
  render(App);
  await options();
  await world.tell({ type: "open", place: { page: "inbox", task: 10 } });
  await screen.findByRole("heading", { level: 2, name: world.rows[2]!.title });
});

test("another list does not bring back the task that was opened before", async () => {
  const world = backend({ place: { page: "inbox", task: 3 } });
  render(App);
  await screen.findByRole("heading", { level: 2, name: world.rows[9]!.title });
  await fireEvent.click((await options())[0]!);
  await screen.findByRole("heading", { level: 2, name: world.rows[0]!.title });
  await fireEvent.click(screen.getByRole("button", { name: "All" }));
  await waitFor(() => expect(world.of("list").at(-1)).toMatchObject({ request: { filter: "all" } }));
  await screen.findByRole("heading", { level: 2, name: world.rows[0]!.title });
  expect(screen.queryByRole("heading", { level: 2, name: world.rows[9]!.title })).toBeNull();
});
