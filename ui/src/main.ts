import { mount } from "svelte";

import App from "./App.svelte";
import "./app.css";
import "./page.css";
import "./ticks.css";

if (import.meta.env.MODE === "mock") {
  const { pretend } = await import("./dev/mock");
  pretend(new URLSearchParams(location.search));
}

mount(App, { target: document.body });
