/** What axe finds wrong in a part of the page. */
import axe from "axe-core";

export async function violations(container: Element) {
  // Colours need a layout, which jsdom has not; `scripts/colours.mjs` looks at them in a browser.
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false } } });
  return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map((node) => node.html) }));
}
