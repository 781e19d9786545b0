//! Taking a secret out of text that others wrote.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::link::Address;

/// What stands in a secret's place.
const REMOVED: &str = "[removed]";

/// Every form in which the secret of an address may stand somewhere: the whole address, the password, and that as it
/// is written in an address. Longest first.
pub(crate) fn forms(url: &SecretString) -> Vec<Zeroizing<String>> {
    let mut forms = vec![Zeroizing::new(url.expose_secret().trim().to_owned())];
    if let Ok(address) = Address::parse(url)
        && let Some(password) = address.password()
    {
        let password = password.expose_secret();
        forms.push(Zeroizing::new(utf8_percent_encode(password, NON_ALPHANUMERIC).to_string()));
        forms.push(Zeroizing::new(password.to_owned()));
    }
    // In an address as it was pasted, fewer letters may be written in another way.
    if let Some((_, rest)) = url.expose_secret().split_once("://")
        && let Some((login, _)) = rest.rsplit_once('@')
    {
        forms.push(Zeroizing::new(login.rsplit(':').next().unwrap_or_default().to_owned()));
    }
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms
}

/// The text without any of these. A beginning of one at the end of a text that was cut off goes too.
pub(crate) fn scrubbed(text: &str, forms: &[Zeroizing<String>], cut_off: bool) -> String {
    let mut text = text.to_owned();
    for form in forms {
        text = text.replace(form.as_str(), REMOVED);
    }
    let longest = forms.first().map_or(0, |form| form.len());
    if cut_off && text.len() > longest {
        let mut end = text.len() - longest;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_it_is_left() {
        let url = SecretString::from("rediss://default:p%40ss%2Fw@h.example.com:1");
        let forms = forms(&url);
        let text = "got rediss://default:p%40ss%2Fw@h.example.com:1, is p@ss/w, or p%40ss%2Fw";
        assert_eq!(scrubbed(text, &forms, false), "got [removed], is [removed], or [removed]");
        let cut = scrubbed(
            "0123456789012345678901234567890123456789012345678901234567890 rediss://default:p%40",
            &forms,
            true,
        );
        assert!(!cut.contains("p%40"), "{cut}");
    }
}
