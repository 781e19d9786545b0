import { expect, test } from "vitest";

import type { ListPage } from "../src/bindings/ListPage";
import type { Row } from "../src/bindings/Row";
import { KEEP, PAGE, Rows, type Fetch } from "../src/lib/rows";

/** A store whose answers come when the test says so. */
function store(total: number) {
  let newest = total;
  const waiting: { offset: number; give: () => void; refuse: (error: unknown) => void }[] = [];
  const fetch: Fetch = (anchor, offset, limit) =>
    new Promise((resolve, reject) => {
      const give = () => {
        const from = anchor ?? newest;
        const rows = Array.from(
          { length: Math.max(0, Math.min(limit, from - offset)) },
          (_, i) => ({ seq: from - offset - i }) as Row,
        );
        resolve({ anchor: from, total: from, newer: newest - from, offset, rows } satisfies ListPage);
      };
      waiting.push({ offset, give, refuse: reject });
    });
  const settle = async () => {
    for (let quiet = 0; quiet < 3; quiet++) {
      while (waiting.length > 0) {
        waiting.shift()!.give();
        await new Promise((done) => setTimeout(done));
        quiet = 0;
      }
      await new Promise((done) => setTimeout(done));
    }
  };
  return { fetch, waiting, settle, arrive: (many: number) => (newest += many) };
}

const quiet = () => {};

test("rows are fetched where they are looked at, and not elsewhere", async () => {
  const { fetch, waiting, settle } = store(100_000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  rows.show(50_000, 50_012);
  expect(waiting.map((ask) => ask.offset)).toEqual([50_000]);
  expect(rows.row(50_005)).toBeUndefined();
  await settle();
  expect(rows.row(50_005)?.seq).toBe(49_995);
  expect(rows.row(50_000 + PAGE)).toBeUndefined();
});

test("what is kept is bounded, and what is looked at is kept", async () => {
  const { fetch, settle } = store(100_000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  for (let page = 0; page < 60; page++) {
    rows.show(page * PAGE, page * PAGE + 12);
    await settle();
  }
  expect(rows.held).toBeLessThanOrEqual(KEEP);
  expect(rows.row(59 * PAGE)).toBeDefined();
  expect(rows.row(0)).toBeUndefined();
});

test("while a scroll bar is dragged, only where it rests is asked for", async () => {
  const { fetch, waiting, settle } = store(100_000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  for (let place = 1000; place < 90_000; place += 1000) rows.show(place, place + 12);
  expect(waiting.length).toBeLessThanOrEqual(2);
  await settle();
  expect(rows.row(89_000)).toBeDefined();
});

test("arrivals do not move the list, and are counted", async () => {
  const { fetch, settle, arrive } = store(1000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  rows.show(300, 312);
  await settle();
  const seen = rows.row(300)?.seq;
  arrive(3);
  rows.refresh();
  await settle();
  expect(rows.row(300)?.seq).toBe(seen);
  expect(rows.newer).toBe(3);
  void rows.restart();
  await settle();
  expect(rows.newer).toBe(0);
  expect(rows.row(0)?.seq).toBe(1003);
});

test("a refresh during a burst waits for the answer under way, and follows it", async () => {
  const { fetch, waiting, settle } = store(1000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  rows.refresh();
  rows.refresh();
  rows.refresh();
  expect(waiting).toHaveLength(1);
  waiting.shift()!.give();
  await new Promise((done) => setTimeout(done));
  expect(waiting).toHaveLength(1);
  await settle();
});

test("an answer from before a restart is not taken", async () => {
  const { fetch, waiting, settle, arrive } = store(1000);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  await settle();
  rows.show(200, 210);
  const late = waiting.shift()!;
  arrive(50);
  void rows.restart();
  await settle();
  late.give();
  await settle();
  expect(rows.row(200)?.seq).toBe(850);
});

test("a failure is said, and trying again mends it", async () => {
  const { fetch, waiting, settle } = store(10);
  const rows = new Rows(fetch, quiet);
  void rows.restart();
  waiting.shift()!.refuse("no");
  await settle();
  expect(rows.failure).toBe("no");
  rows.retry();
  await settle();
  expect(rows.failure).toBeNull();
  expect(rows.total).toBe(10);
});
