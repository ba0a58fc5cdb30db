//! The use cases on a real store, one file per noun; all in one binary, so that linking is fast.
//!
//! Invariant: no test sleeps; the clock of the store stands until a test moves it.

mod fixture;
mod incident;
mod operator;
mod promise;
mod reversal;
mod settlement;
mod sign_in;
mod transaction;
