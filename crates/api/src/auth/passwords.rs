//! Verifying passwords, as the API asks for it.

use std::sync::Arc;

use node::Node;

use crate::problem::{Code, Problem};

/// The node's verifications.
pub struct Passwords(pub Arc<Node>);

impl Passwords {
    /// Whether the password is the one hashed; takes as long when there is no hash.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let verified = self.0.passwords.verify(password.into(), hash).await;
        verified.map_err(|_| Problem::new(Code::Overloaded).retry_after_s(5))
    }
}
