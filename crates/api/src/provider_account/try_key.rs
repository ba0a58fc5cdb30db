//! Trying a provider's key before it is needed, by a question that changes nothing.
//!
//! Invariant: only the provider's own systems are asked; nothing is kept, and no key comes out.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use domain::provider_account::ProviderAccount;
use domain::words;
use node::seal::Purpose;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{ProviderAccountIn, named};
use crate::Api;
use crate::auth;
use crate::input::In;
use crate::problem::{Problem, ProblemOut, Why, code};
use crate::route::reading;
use crate::setting::Later;
use crate::stop_request::Provider;
use crate::wire::word;

words! {
    /// What a provider said to a key.
    pub enum Ready {
        /// It took the key and told of the merchant's devices.
        Ready = "ready",
        /// It said no: to the key, its rights, or the merchant.
        Refused = "refused",
        /// It could not be asked.
        NotReached = "not_reached",
        /// It was asked, and gave no answer that is one.
        Unknown = "unknown",
    }
}

word! {
    /// What a provider said to a key: `ready` when it told of the merchant's devices.
    KeyReady: Ready;
}

/// What a provider said to a key, and its words, or why it has none.
pub type Tried = (Ready, Option<String>);

/// Whoever asks providers, as far as keys are kept and tried.
#[derive(Clone)]
pub struct Providers {
    /// The field of an account that no provider can be asked with; its key is in clear beside it.
    pub wrong: fn(&ProviderAccount, &Zeroizing<String>) -> Option<&'static str>,
    /// Asks with a key what changes nothing.
    pub test: Arc<dyn Fn(ProviderAccount, Zeroizing<String>) -> Later<Tried> + Send + Sync>,
}

impl std::fmt::Debug for Providers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Providers")
    }
}

/// Which key to try.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct KeyTest {
    /// Another account than the one that is kept.
    account: Option<ProviderAccountIn>,
}

/// What a provider said to a key.
#[derive(Serialize, ToSchema)]
pub struct KeyTested {
    /// Whether it takes it. That it also lets a terminal be stopped is known with the first stop.
    ready: KeyReady,
    /// What the provider said where it said no, or why it could not be asked; nothing of a key.
    #[schema(required)]
    said: Option<String>,
    /// How long it took, in milliseconds.
    took_ms: i64,
}

/// Try a key: ask the provider for the merchant's devices. Nothing is changed or kept.
#[utoipa::path(post, path = "/provider-accounts/{merchant_id}/{provider}/test", tag = "provider_account",
    operation_id = "provider_account_test",
    params(("merchant_id" = String, Path), ("provider" = Provider, Path)), request_body = KeyTest, responses(
    (status = 200, body = KeyTested),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "not_found: no such merchant or provider, or no key of it is kept", body = ProblemOut),
))]
pub async fn test(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, String)>,
    input: In<KeyTest>,
) -> Result<Json<KeyTested>, Problem> {
    let (merchant_id, provider) = named(&path)?;
    let Json(kept) = reading(&api, account, move |tx, actor| {
        app::provider_account::allowed(tx, actor, merchant_id)?;
        Ok(store::provider_account::get(tx, merchant_id, provider)?)
    })
    .await?;
    let providers = &api.settings.providers;
    let (account, key) = match (input.body.account, kept) {
        (Some(said), _) => said.read(providers, merchant_id, provider)?,
        (None, Some(kept)) => {
            let opened = api
                .node
                .sealer
                .open(Purpose::Setting, &kept.sealed_as(), &kept.key_sealed);
            let opened = opened.map_err(|error| Problem::internal(&error))?;
            let key = Zeroizing::new(String::from_utf8_lossy(&opened).into_owned());
            // One of an earlier version may name an address of anybody.
            if let Some(field) = (providers.wrong)(&kept, &key) {
                return Err(Problem::field(field, Why::Invalid));
            }
            (kept, key)
        }
        (None, None) => return Err(Problem::new(code::NOT_FOUND)),
    };
    let began = Instant::now();
    let (ready, said) = (providers.test)(account, key).await;
    Ok(Json(KeyTested {
        ready: KeyReady(ready),
        said,
        took_ms: i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX),
    }))
}
