/**
 * Looks at every page of the window in a real browser, light and dark, with axe: colours need a layout.
 *
 * `npm run colours`; the browser is $CHROMIUM, or `chromium`. It needs no driver: the page itself runs axe.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createServer } from "vite";

const run = promisify(execFile);
const setup = (rest) => `page=setup&${rest}`;
const make = (rest) => setup(`step=address&door=make&${rest}`);
const keys = (rest) => `page=keys&rotation=${rest}`;
const settings = (section) => `page=settings&step=computer&case=account&press=${section}`;

const pages = {
  "the inbox": "page=inbox",
  "a message": "page=inbox&task=100000",
  "the link": "page=link",
  "the link, offline": "page=link&condition=offline",
  "a trouble": "page=link&condition=needs_you",
  keys: keys("usual&press=How to renew it"),
  "no age known": keys("fresh&receipts=none"),
  "a key overdue": keys("overdue"),
  "something missing": keys("usual&looks=warned&press=Rotate now"),
  "something in the way": keys("usual&looks=barred&press=It may have leaked"),
  "a key offered": keys("offered&press=Compare"),
  "a command": keys("command"),
  "a change under way": keys("leaked"),
  "a change that asks for an address": keys("address"),
  "a change that waits for Helios": keys("hand_over&press=Copy the new"),
  "a change that can be undone": keys("overlap"),
  "a change that failed": keys("unchanged&press=Its steps"),
  where: setup("step=where&case=found"),
  "where, keychain locked": setup("step=where&case=locked"),
  "log in": make(""),
  databases: make("case=account"),
  "a new database": make("case=account&press=Make a new one"),
  "a free database": make("case=empty&press=Make a new one"),
  making: make("case=making"),
  "not made": make("case=unmade"),
  paste: setup("step=address&door=paste&write=redis://default:secret@calm-owl-12345.upstash.io:6379"),
  "paste, not encrypted": setup("step=address&door=paste&write=redis://chad:secret@nas.local:6379"),
  "paste, unreadable": setup("step=address&door=paste&write=hello"),
  lend: setup("step=address&door=temporary"),
  "a good test": setup("step=test"),
  "a test under way": setup("step=test&case=running"),
  "a test that failed partly": setup("step=test&case=partly"),
  "a test that failed": setup("step=test&case=bad"),
  "keychain locked": setup("step=test&case=locked"),
  lent: setup("step=test&case=lent"),
  names: setup("step=names"),
  "names, one empty": setup("step=names&press=Add another"),
  "Helios heard": setup("step=helios&case=heard&press=Show"),
  "Helios awaited": setup("step=helios&case=local&condition=helios_silent"),
  "this computer": setup("step=computer&press=Quiet hours&press=Show one&press=No"),
  general: settings("General"),
  notifications: `${settings("Notifications")}&press=Quiet hours`,
  connection: settings("Connection"),
  mailbox: settings("Mailbox"),
  messages: settings("Messages"),
  security: `${settings("Security")}&press=Show what`,
  about: settings("About"),
  "usage, quiet": "page=usage&press=The same",
  "usage, near a limit": "page=usage&usage=near",
  "usage, close to a limit": "page=usage&usage=close",
  "usage, used up": "page=usage&usage=over",
  "usage, without a key": "page=usage&usage=keyless",
  "usage, without a limit": "page=usage&usage=paid",
  "usage, nothing yet": "page=usage&usage=empty",
  "other settings": "page=usage&press=What would&press=Keep a record",
  "plan and prices": "page=usage&press=Plan and",
  "prices corrected": "page=settings&corrected&press=Prices",
  "a fleet": "page=usage&press=Plan a fleet&press=Reckon",
};
const schemes = { light: 1, dark: 0 };

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Half-way through a change a colour is neither the old one nor the new one.
  "--force-prefers-reduced-motion",
  "--window-size=1000,680",
  "--virtual-time-budget=20000",
  "--dump-dom",
];

const profile = await mkdtemp(join(tmpdir(), "heliograph-colours-"));
const server = await createServer({
  mode: "mock",
  logLevel: "error",
  server: { port: 0, strictPort: false, hmr: false },
});
await server.listen();
const { port } = server.httpServer.address();
let faults = 0;
try {
  for (const [scheme, number] of Object.entries(schemes)) {
    for (const [name, query] of Object.entries(pages)) {
      const { stdout } = await run(
        process.env.CHROMIUM ?? "chromium",
        [
          ...flags,
          `--user-data-dir=${profile}`,
          `--blink-settings=preferredColorScheme=${number}`,
          encodeURI(`http://127.0.0.1:${port}/?axe&${query}`),
        ],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      const [, found] = /<pre id="axe">(.*?)<\/pre>/s.exec(stdout) ?? [];
      if (found !== "[]") faults += 1;
      console.log(
        `${found === "[]" ? "good" : "BAD "} ${scheme} ${name}${found === "[]" ? "" : `\n     ${found}`}`,
      );
    }
  }
} finally {
  await server.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(faults === 0 ? "axe finds nothing" : `axe finds something on ${faults} pages`);
process.exit(faults === 0 ? 0 : 1);
