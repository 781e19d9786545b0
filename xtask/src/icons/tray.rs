//! The tray's icons: one drawing for each state, told apart by shape first and by colour second.
//!
//! The canvas is 32 wide and is seen at 16 to 24, so every line is at least two units wide, and every colour keeps a
//! contrast of three to one on white panels as well as on black ones.

/// A drawing and its name.
pub(super) struct Icon {
    pub(super) name: String,
    pub(super) svg: String,
}

struct State {
    name: &'static str,
    colour: &'static str,
    /// Painted in the state's colour.
    shape: &'static str,
    /// Cut out of it: the panel shows through.
    cut: &'static str,
}

/// A sun with all its rays but the one to the right, where the flash goes.
const SUN: &str = r#"<circle cx="11.5" cy="16" r="5.6"/>"#;
const RAYS: &str = r#"<path stroke-width="2.6" d="M11.5 7.4V4.9M11.5 24.6v2.5M2.9 16H1.6M5.4 9.9 3.8 8.3M5.4 22.1l-1.6 1.6M17.6 9.9l1.6-1.6M17.6 22.1l1.6 1.6"/>"#;
const FLASH: &str = r#"<path stroke-width="3" d="M21 16h4.2"/><circle cx="29.9" cy="16" r="1.7"/>"#;

const STATES: [State; 8] = [
    // A sun not yet there: a ring, and a plus for what is to be added.
    State {
        name: "setup_needed",
        colour: "#2E86C8",
        shape: r#"<circle cx="16" cy="16" r="12.3" fill="none" stroke-width="3"/>
  <path stroke-width="3.4" d="M16 10.6v10.8M10.6 16h10.8"/>"#,
        cut: "",
    },
    // A hollow sun that sends dots: nothing has come back.
    State {
        name: "connecting",
        colour: "#D47E00",
        shape: r#"<circle cx="10" cy="16" r="7.4" fill="none" stroke-width="3.2"/>
  <circle cx="23" cy="16" r="1.9"/><circle cx="29.6" cy="16" r="1.9"/>"#,
        cut: "",
    },
    // The mark itself.
    State { name: "connected", colour: "#D47E00", shape: "{SUN}{RAYS}{FLASH}", cut: "" },
    // The sun has set.
    State {
        name: "helios_silent",
        colour: "#8E6FCB",
        shape: r#"<path d="M7.4 21.2a8.6 8.6 0 0 1 17.2 0Z"/>
  <path stroke-width="3" d="M3 25.6h26"/>
  <path stroke-width="2.8" d="M16 8.4V5.6M6.8 12 4.9 10.1M25.2 12l1.9-1.9"/>"#,
        cut: "",
    },
    // A letter: it goes another way.
    State {
        name: "via_github",
        colour: "#3D86B8",
        shape: r#"<rect x="2.4" y="6.4" width="27.2" height="19.2" rx="3"/>"#,
        cut: r#"<path stroke-width="2.8" fill="none" d="M5.6 11.2 16 18.8l10.4-7.6"/>"#,
    },
    // The sun, struck out.
    State {
        name: "offline",
        colour: "#8C877F",
        shape: r#"<circle cx="16" cy="16" r="11.6"/>
  <path stroke-width="3.2" d="M4 4l24 24"/>"#,
        cut: r#"<path stroke-width="2.8" d="M6.2 1.9l24 24M1.9 6.2l24 24"/>"#,
    },
    // A quiet disc with the two bars everybody knows.
    State {
        name: "paused",
        colour: "#4E8A6E",
        shape: r#"<circle cx="16" cy="16" r="13.6"/>"#,
        cut: r#"<path stroke-width="3.8" d="M12.2 11.2v9.6M19.8 11.2v9.6"/>"#,
    },
    // A warning sign.
    State {
        name: "needs_you",
        colour: "#DB4A40",
        shape: r#"<path stroke-width="4" d="M16 5 28.6 26.6H3.4Z"/>"#,
        cut: r#"<path stroke-width="3.6" d="M16 12v6.4"/><circle cx="16" cy="23.6" r="2.1"/>"#,
    },
];

/// The sandbox's mark: a box in the corner, and the room around it.
const BOX_CUT: &str = r#"<rect x="19.6" y="19.6" width="13" height="13" stroke="none"/>"#;
const BOX: &str = r##"<rect x="21.8" y="21.8" width="10" height="10" rx="1.6" fill="#1B988A"/>"##;

/// Every tray icon, each also with the sandbox's mark.
pub(super) fn all() -> Vec<Icon> {
    let plain = STATES.iter().map(|state| Icon { name: state.name.into(), svg: draw(state, false) });
    let sandbox = STATES.iter().map(|state| Icon { name: format!("sandbox-{}", state.name), svg: draw(state, true) });
    plain.chain(sandbox).collect()
}

fn draw(state: &State, sandbox: bool) -> String {
    let shape = state.shape.replace("{SUN}", SUN).replace("{RAYS}", RAYS).replace("{FLASH}", FLASH);
    let (cut, mark) = if sandbox { (format!("{}{BOX_CUT}", state.cut), BOX) } else { (state.cut.into(), "") };
    let colour = state.colour;
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <!-- Made by `cargo xtask icons`; change it there. -->
  <mask id="cut" maskUnits="userSpaceOnUse" x="0" y="0" width="32" height="32">
    <rect width="32" height="32" fill="#fff" stroke="none"/>
    <g fill="#000" stroke="#000" stroke-linecap="round" stroke-linejoin="round">{cut}</g>
  </mask>
  <g mask="url(#cut)" fill="{colour}" stroke="{colour}" stroke-width="0" stroke-linecap="round" stroke-linejoin="round">
  {shape}
  </g>
  {mark}
</svg>
"##
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends by panicking")]
mod tests {
    use super::{STATES, all};

    /// Relative luminance, as the contrast formula of the accessibility guidelines defines it.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn every_colour_stands_out_from_white_and_from_black() {
        for state in &STATES {
            let light = luminance(state.colour);
            assert!(1.05 / (light + 0.05) >= 3.0, "{} on white", state.name);
            assert!((light + 0.05) / 0.05 >= 3.0, "{} on black", state.name);
        }
    }

    #[test]
    fn the_committed_sources_are_the_ones_drawn_here() {
        for icon in all() {
            let path = crate::place::root().join("icons/tray").join(format!("{}.svg", icon.name));
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                icon.svg,
                "{}: run `cargo xtask icons`",
                path.display()
            );
        }
    }
}
