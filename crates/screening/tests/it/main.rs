//! Screening from outside: each signal speaks and is silent, words, profiles that are stored, and whatever comes.

mod common_point;
mod document;
mod past;
mod property;
mod signal;
mod speed;
mod watch;
mod word;
