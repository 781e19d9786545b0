//! Every request of the postman passes here: within the hour's hundred, and only when the service allows it.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Tuning,
    budget::{Budget, Purpose},
    error::MailboxError,
    headers::Told,
    wire::{Answer, Ask, Wire},
};

/// The longest wait for a limit whose length the service does not say.
const LONGEST_GUESS: Duration = Duration::from_hours(1);

/// Counts what is asked, and knows until when nothing may be.
#[derive(Debug)]
pub(super) struct Meter {
    budget: Budget,
    /// Nothing is asked before then.
    closed_until: Option<Instant>,
    /// The wait at the next limit whose length is not said.
    guess: Duration,
    first_guess: Duration,
    /// What the service says is left.
    pub(super) left: Option<u32>,
}

impl Meter {
    pub(super) fn new(tuning: &Tuning) -> Self {
        Self {
            budget: Budget::new(tuning.hour),
            closed_until: None,
            guess: tuning.limited,
            first_guess: tuning.limited,
            left: None,
        }
    }

    /// From when on something may be asked for this purpose; `now` or before if at once.
    pub(super) fn free_at(&mut self, purpose: Purpose, now: Instant) -> Instant {
        self.budget.free_at(purpose, now).max(self.closed_until.unwrap_or(now))
    }

    /// How many requests of the last hour count.
    pub(super) fn used(&mut self, now: Instant) -> u32 {
        self.budget.used(now)
    }

    /// A new token, and so another allowance.
    pub(super) fn open(&mut self) {
        self.closed_until = None;
        self.guess = self.first_guess;
        self.left = None;
    }

    /// Asks, if it may be asked.
    pub(super) async fn ask(&mut self, wire: &Wire, purpose: Purpose, ask: Ask<'_>) -> Result<Answer, MailboxError> {
        let now = Instant::now();
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(MailboxError::Busy { again: Some(until - now) });
        }
        if !self.budget.take(purpose, now) {
            let again = self.budget.free_at(purpose, now).saturating_duration_since(now);
            return Err(MailboxError::UsedUp { again });
        }
        let (told, answer) = wire.send(ask).await;
        self.answered(&told, answer, Instant::now())
    }

    fn answered(
        &mut self,
        told: &Told,
        answer: Result<Answer, MailboxError>,
        now: Instant,
    ) -> Result<Answer, MailboxError> {
        self.left = told.left.or(self.left);
        match answer {
            Ok(answer) if answer.unchanged => {
                self.budget.give_back();
                Ok(answer)
            }
            Err(MailboxError::Busy { again }) => {
                self.budget.answered(now);
                let again = again.unwrap_or_else(|| {
                    let guess = self.guess;
                    self.guess = (guess * 2).min(LONGEST_GUESS);
                    guess
                });
                self.closed_until = Some(now + again);
                Err(MailboxError::Busy { again: Some(again) })
            }
            answer => {
                self.budget.answered(now);
                if answer.is_ok() {
                    self.guess = self.first_guess;
                }
                // The last request of the allowance was answered; the next would only be refused.
                if let Some(reset) = told.reset.filter(|_| told.left == Some(0)) {
                    self.closed_until = Some(now + reset);
                }
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn answer(unchanged: bool) -> Answer {
        Answer { told: Told::default(), unchanged, body: Vec::new() }
    }

    #[test]
    fn what_is_unchanged_does_not_count() {
        let now = Instant::now();
        let mut meter = Meter::new(&Tuning::default());
        for unchanged in [false, true, true, false] {
            assert!(meter.budget.take(Purpose::Poll, now));
            meter.answered(&Told::default(), Ok(answer(unchanged)), now).unwrap();
        }
        assert_eq!(meter.used(now), 2);
    }

    #[test]
    fn a_limit_without_a_length_is_guessed_longer_each_time() {
        let mut now = Instant::now();
        let mut meter = Meter::new(&Tuning::default());
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            meter.answered(&Told::default(), Err(MailboxError::Busy { again: None }), now).unwrap_err();
            let until = now + Duration::from_mins(minutes);
            assert_eq!(meter.free_at(Purpose::Post, now), until);
            now = until;
        }
        meter.answered(&Told::default(), Ok(answer(false)), now).unwrap();
        meter.answered(&Told::default(), Err(MailboxError::Busy { again: None }), now).unwrap_err();
        assert_eq!(meter.free_at(Purpose::Post, now), now + Duration::from_mins(1));
    }

    #[test]
    fn the_last_of_the_allowance_closes_before_a_refusal_does() {
        let now = Instant::now();
        let mut meter = Meter::new(&Tuning::default());
        let told = Told { left: Some(0), reset: Some(Duration::from_mins(7)), ..Told::default() };
        meter.answered(&told, Ok(answer(false)), now).unwrap();
        assert_eq!(meter.free_at(Purpose::Post, now), now + Duration::from_mins(7));
        assert_eq!(meter.left, Some(0));
    }
}
