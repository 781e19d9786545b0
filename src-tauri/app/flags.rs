//! The command line, ours and the one a second start hands over.
//!
//! What a second start says may come from any program on the session bus: it can choose a page, nothing else.

use clap::Parser;
use heliograph_core::engine::{Page, Place};

/// Keeps the agent on this computer in touch with the agent in the cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Parser)]
#[command(name = "heliograph", version)]
pub(crate) struct Flags {
    /// Start in the tray, without a window.
    #[arg(long)]
    pub(crate) background: bool,
    /// Run against a Redis and a Helios on this computer, apart from everything else.
    #[arg(long)]
    pub(crate) sandbox: bool,
    /// Open the window on a page: inbox, link, keys, usage, settings or setup.
    #[arg(long, value_name = "PAGE")]
    pub(crate) open: Option<Page>,
}

impl Flags {
    /// Where the window opens; `None` if it stays shut.
    pub(crate) fn place(&self) -> Option<Place> {
        match self.open {
            Some(page) => Some(Place { page, task: None }),
            None if self.background => None,
            None => Some(Place::default()),
        }
    }
}

/// The most words of a foreign command line that are looked at.
const WORDS: usize = 16;

/// The place that a second start asks for. Anything but `--open` and the name of a page is passed over.
pub(crate) fn place_asked_for(argv: &[String]) -> Place {
    let mut words = argv.iter().take(WORDS).map(String::as_str);
    let mut after_open = words.clone().skip_while(|word| *word != "--open").skip(1);
    let glued = words.find_map(|word| word.strip_prefix("--open="));
    let page = glued.or_else(|| after_open.next()).and_then(|word| word.parse().ok()).unwrap_or_default();
    Place { page, task: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Page {
        place_asked_for(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).page
    }

    #[test]
    fn a_second_start_can_choose_a_page_and_nothing_else() {
        assert_eq!(asked(&["heliograph", "--open", "link"]), Page::Link);
        assert_eq!(asked(&["heliograph", "--open=link"]), Page::Link);
        assert_eq!(asked(&["heliograph", "--open", "inbox"]), Page::Inbox);
        assert_eq!(asked(&["heliograph", "--open", "../../etc/passwd"]), Page::Inbox);
        assert_eq!(asked(&["heliograph", "--open"]), Page::Inbox);
        assert_eq!(asked(&[]), Page::Inbox);
        let long: Vec<String> = vec!["x".into(); 1_000_000];
        assert_eq!(place_asked_for(&long).page, Page::Inbox);
    }

    #[test]
    fn the_window_stays_shut_only_when_asked_to() {
        let of = |words: &[&str]| Flags::try_parse_from(words).unwrap().place();
        assert_eq!(of(&["heliograph"]), Some(Place::default()));
        assert_eq!(of(&["heliograph", "--background"]), None);
        assert_eq!(of(&["heliograph", "--background", "--open", "link"]).map(|p| p.page), Some(Page::Link));
        assert!(Flags::try_parse_from(["heliograph", "--open", "elsewhere"]).is_err());
    }
}
