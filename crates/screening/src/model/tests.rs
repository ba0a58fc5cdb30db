//! Tests of training, scoring and files.
