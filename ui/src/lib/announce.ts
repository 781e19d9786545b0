/** Tells a screen reader of urgent tasks as they come, on whatever page the window is. */
import { list } from "./ipc";

/** How far back it looks: more than a screen reader could say. */
const LOOK = 20;

/** Urgent tasks nobody has looked at that came after `after`, in words; empty where there are none. */
export async function urgentSince(after: number): Promise<string> {
  const page = await list({ filter: "open", search: "", anchor: null, offset: 0, limit: LOOK });
  const urgent = page.rows.filter((row) => row.seq > after && row.unread && row.priority === "urgent");
  if (urgent.length > 3) return `${urgent.length} new urgent tasks`;
  return urgent.map((row) => `Urgent task from ${row.from}: ${row.title}`).join(". ");
}
