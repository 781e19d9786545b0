//! Going back to the old key, which is valid all the time.

use tokio::time::Instant;

use super::Halt;
use crate::{
    engine::rotation::{
        Rotation,
        run::{Done, Work},
    },
    message::{Millis, now},
    rotation::Happening,
};

impl Rotation {
    pub(in crate::engine::rotation) async fn go_back(&self, work: &mut Work) -> Done {
        self.shared.change(|state| state.behind_since = None);
        let put = match self.before(work).await {
            Ok(Some(before)) => self.put(before).await,
            Ok(None) => Err(Halt::Lost),
            Err(halt) => Err(halt),
        };
        match put {
            Ok(()) => Done::well(Happening::WentBack, "The old key is in its place again."),
            Err(Halt::Lost) => Done::warned(Happening::Lost, "The old key is not known any more; the new one is used."),
            Err(halt) => self.halted(work, halt),
        }
    }

    /// Removes the new tokens; Helios, where it may have one, is told and given time to go back as well.
    pub(in crate::engine::rotation) async fn withdraw(&self, work: &mut Work) -> Done {
        let told = now();
        self.tell_end(false).await;
        let handed = self.shared.look().journal.as_ref().is_some_and(|journal| journal.machine.handed());
        if handed {
            self.says("Waits until Helios has gone back as well.");
            self.until_heard(told).await;
        }
        match self.remove_new(work).await {
            Ok(()) => Done::well(Happening::Withdrawn, "The new keys are gone."),
            Err(halt) => {
                let done = self.halted(work, halt);
                if done.event != Happening::KeychainShut && done.event != Happening::NoNetwork || !handed {
                    self.remark(
                        "New keys that are not used may be left at the database. The next change removes them.",
                    );
                }
                done
            }
        }
    }

    async fn until_heard(&self, since: Millis) {
        let until = Instant::now() + self.shared.means.tuning.return_limit;
        let Ok(named) = self.named() else { return };
        while Instant::now() < until {
            let agents = self.shared.means.board.look().roster.view(std::slice::from_ref(&named.peer), now());
            let heard = agents.iter().find(|agent| agent.name == named.peer).and_then(|agent| agent.last_heard);
            if heard.is_some_and(|at| at > since) {
                return;
            }
            self.pause().await;
        }
    }

    async fn remove_new(&self, work: &mut Work) -> Result<(), Halt> {
        // Nothing was made before it was looked what there is.
        let named = self.named()?;
        let Some(before) = named.before else { return Ok(()) };
        let mut users = self.users(work).await?;
        if !named.tried {
            users.remove_spare(&self.id()).await?;
        }
        for (user, known) in before {
            let tokens = users.tokens(&user).await?.unwrap_or_default();
            let mut new = Vec::new();
            for (token, print) in tokens.iter().zip(self.prints(&tokens)?) {
                if !known.contains(&print) {
                    new.push(token.clone());
                }
            }
            users.remove(&user, &new).await?;
        }
        Ok(())
    }
}
