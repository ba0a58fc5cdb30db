//! Tests of conditions, sets and back-tests.
