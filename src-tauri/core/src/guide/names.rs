//! The names as a step of the set-up.

use super::{Guide, GuideView, Step};

impl Guide {
    /// The names are as they should be: on to Helios.
    pub async fn named(&self) -> GuideView {
        self.shared.change(|state| {
            state.done(Step::Names);
            state.view.step = Step::Helios;
        });
        self.shared.remember().await;
        self.view()
    }
}
