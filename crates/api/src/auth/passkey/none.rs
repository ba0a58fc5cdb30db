//! No passkeys: a program that was built without them offers none, and opens none that were kept.

use std::convert::Infallible;

use axum::http::HeaderMap;
use serde_json::Value;

use super::Possible;
use crate::problem::Problem;

/// There is none.
pub enum Passkey {}

/// There is none.
pub struct Site {
    /// Its name.
    pub rp_id: String,
    never: Infallible,
}

/// None can be read.
pub fn read(_: &[u8]) -> Option<Passkey> {
    None
}

impl Site {
    /// None, for any request.
    pub fn of(_: &HeaderMap, _: bool) -> Result<Self, Possible> {
        Err(Possible::NotBuilt)
    }

    /// Nothing is asked for.
    pub fn ask_new(&self, _: &str, _: &str, _: &[Passkey]) -> Result<(Value, Vec<u8>), Problem> {
        match self.never {}
    }

    /// Nothing is made.
    pub fn made(&self, _: &[u8], _: Value) -> Option<Vec<u8>> {
        match self.never {}
    }

    /// Nothing is asked for.
    pub fn ask(&self, _: &[Passkey]) -> Result<(Value, Vec<u8>), Problem> {
        match self.never {}
    }

    /// Nothing is shown.
    pub fn shown(&self, _: &[u8], _: Value, _: Vec<(String, Passkey)>) -> Option<(String, Vec<u8>)> {
        match self.never {}
    }
}
