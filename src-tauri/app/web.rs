//! Pages outside the program, opened in the browser: a closed list, and nothing a message said.

use heliograph_core::{
    guide::WebPage,
    trouble::{Trouble, TroubleCode},
};
use secrecy::{ExposeSecret, SecretString};

/// Opens one of the pages in the browser; `claim` is the address of the one on which a lent database is made one's
/// own. Blocks while the desktop is asked.
pub(crate) fn open(page: WebPage, claim: Option<&SecretString>) -> Result<(), Trouble> {
    let address = match page {
        WebPage::Console => "https://console.upstash.com/redis",
        WebPage::ApiKeys => "https://console.upstash.com/account/api",
        WebPage::GithubToken => "https://github.com/settings/personal-access-tokens/new",
        WebPage::GithubRepository => "https://github.com/new",
        WebPage::Pricing => "https://upstash.com/pricing/redis",
        // Checked where it was read: a page of Upstash's, over https.
        WebPage::Claim => claim.map(ExposeSecret::expose_secret).ok_or_else(|| {
            Trouble::new(
                TroubleCode::NotPossible,
                "No page was given on which this database can be made your own.",
                "Make a database of your own before it ends.",
            )
        })?,
    };
    open::that_detached(address).map_err(|error| {
        Trouble::new(
            TroubleCode::NotPossible,
            format!("No browser could be opened: {error}."),
            "Install a browser, or open the page yourself: it is named in the documentation.",
        )
    })
}
