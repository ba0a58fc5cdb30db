//! Which transactions are abnormal, and why (R3.3): a payment is judged against what its terminal is used to, without labels.
//!
//! A terminal's past is a [`Profile`] of bounded size; what the profile cannot know, the caller says in a [`Context`]. Each signal
//! looks at one thing, and says in words with numbers why it spoke, or that it could not look. `docs/SCREENING.md` has them all.
//! Beside the signals: [`model`], what people's marks teach, [`rule`], what people write themselves, and [`common_point`], where cards were
//! before they came to harm.
//!
//! May touch: what it is given. It knows no clock, no storage and no network.
//!
//! Invariant: the same payments in the same order give the same profile, scores and reasons, on every machine, wherever the profile was
//! stored in between; no floating point takes part but in [`model`], which says how it comes out the same. A signal that could not look
//! never counts as silent.

mod by_code;
pub mod common_point;
mod context;
mod judge;
pub mod model;
mod payment;
mod profile;
mod reason;
pub mod rule;
mod settings;
mod signal;
mod watch;

pub use context::{Context, Loss, Peers, Sale, Shift};
pub use judge::{Judgement, judge, judge_sign_in};
pub use payment::{Certainty, Entry, Key, Kind, Payment, SignIn, State};
pub use profile::{Pace, Profile};
pub use reason::{Code, NotAsked, Reason, Value, Why};
pub use settings::{Settings, Weight, Weights};
pub use watch::{Codes, Question, Suspicion};
