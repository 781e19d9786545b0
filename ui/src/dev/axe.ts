/**
 * Writes into the page what axe finds in it, for a browser without a driver: `?axe` and `--dump-dom`.
 * `press=` presses a button by its words first, `write=` writes into the first text box.
 */
import axe from "axe-core";

const SETTLES_AFTER = 600;

const settle = () => new Promise((done) => setTimeout(done, SETTLES_AFTER));

export async function report(query: URLSearchParams): Promise<void> {
  await settle();
  for (const words of query.getAll("press")) {
    const controls = [...document.querySelectorAll<HTMLElement>("button, summary, input[role=switch]")];
    const named = (control: HTMLElement) =>
      control instanceof HTMLInputElement ? control.labels?.[0]?.textContent : control.textContent;
    const control = controls.find((one) => named(one)?.trim().startsWith(words));
    if (control === undefined) throw new Error(`nothing says ${words}`);
    control.click();
    await settle();
  }
  const box = document.querySelector<HTMLTextAreaElement>("textarea");
  const written = query.get("write");
  if (box && written) {
    box.value = written;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    await settle();
  }
  const { violations } = await axe.run(document.body);
  const found = violations.map(({ id, impact, nodes }) => ({
    id,
    impact,
    at: nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`),
  }));
  const text = document.createElement("pre");
  text.id = "axe";
  text.textContent = JSON.stringify(found);
  document.body.append(text);
}
