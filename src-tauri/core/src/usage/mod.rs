//! What the connection costs: counted, forecast, and planned.
//!
//! [`Meter`] counts what this program sends, where it is sent; everything else here is pure: days, terms of plans and
//! counts come in, figures and words go out. It must not ask the network, keep anything on disk, or decide when to ask.

mod books;
mod compose;
mod export;
mod forecast;
mod level;
mod meter;
mod metered;
mod month;
mod notice;
mod planner;
mod standing;
mod terms;
mod view;
mod warning;
mod what_if;

pub use books::{Books, DayCount, Line};
pub use compose::{Facts, as_set, compose, rates, will_be};
pub use export::csv;
pub use forecast::{Days, Forecast, Range, forecast};
pub use level::{Level, MARKS, MeterLevel, level, meter_level};
pub use meter::{CommandKind, Meter, Tally};
pub use metered::Metered;
pub use month::{DAY, Month, day_of, midnight_after};
pub use notice::words;
pub use planner::{Example, Fleet, FleetPlan, FreeEnd, PlanCost, example, plan};
pub use standing::{Reading, Standing, level_of, plan_in_use, standing};
pub use terms::{Choice, Limits, PlanKind, Prices, Terms};
pub use view::*;
pub use warning::{Mark, Told, due};
pub use what_if::{Frame, Rates, WhatIf, WhatIfView, what_if};
