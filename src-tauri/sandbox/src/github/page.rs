//! What stands behind the `?`: pages, times, words.

use jiff::Timestamp;

use super::reply::Reply;

/// As published.
const PER_PAGE: usize = 30;
const MOST_PER_PAGE: usize = 100;

/// The pairs behind the `?`, in order.
#[derive(Clone, Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The time from which on something is wanted. A `+` that nobody escaped is a space, and no time.
    pub(super) fn since(&self) -> Result<Option<Timestamp>, Reply> {
        let Some(text) = self.get("since") else { return Ok(None) };
        let bad = |_| Reply::invalid("Search", "since", "invalid", None);
        text.parse().map(Some).map_err(bad)
    }

    /// Newest first? Without a word on it that is so.
    pub(super) fn descending(&self) -> bool {
        self.get("direction") != Some("asc")
    }

    /// Cuts the page that is asked for out of all, with the header that tells where the others are.
    pub(super) fn cut<T>(&self, all: Vec<T>, address: &str) -> (Vec<T>, Option<String>) {
        let number = |name| self.get(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
        let per_page = number("per_page").unwrap_or(PER_PAGE).min(MOST_PER_PAGE);
        let page = number("page").unwrap_or(1);
        let last = all.len().div_ceil(per_page).max(1);
        let begin = (page - 1).saturating_mul(per_page);
        let part = all.into_iter().skip(begin).take(per_page).collect();
        let mut links = Vec::new();
        if page > 1 {
            links.push(self.link(address, (page - 1).min(last), "prev"));
        }
        if page < last {
            links.push(self.link(address, page + 1, "next"));
            links.push(self.link(address, last, "last"));
        }
        if page > 1 {
            links.push(self.link(address, 1, "first"));
        }
        (part, (!links.is_empty()).then(|| links.join(", ")))
    }

    fn link(&self, address: &str, page: usize, relation: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| name != "page");
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(others).append_pair("page", &page.to_string());
        format!("<{address}?{}>; rel=\"{relation}\"", pairs.finish())
    }
}
