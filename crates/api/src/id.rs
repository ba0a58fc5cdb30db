//! Identifiers that people can read out.

use node::seal;

use super::problem::Problem;

/// Crockford's base 32: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Eight letters and digits, at random.
pub fn new() -> Result<String, Problem> {
    let bytes = seal::random::<8>().map_err(|error| Problem::internal(&error))?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(CROCKFORD[usize::from(byte & 31)]))
        .collect())
}
