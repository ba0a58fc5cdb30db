//! Accounts of merchants with providers whose own interface can stop a terminal: set up by pasting a key.
//!
//! Invariant: a key goes in and never comes out again.

mod try_key;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use domain::provider_account::{ProviderAccount, may_keep};
use domain::{MerchantId, terminal};
use node::seal::Purpose;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Api;
use super::idempotency::Kept;
use super::input::{In, text, text_opt};
use super::page::Page;
use super::problem::{Problem, ProblemOut, Why, code};
use super::route::{acting, reading};
use super::stop_request::Provider;
use super::wire::Time;
use crate::auth::{self, Account, scope};
pub use try_key::{Providers, Ready, Tried};

/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 500;
/// Longest name of an account, and longest address.
const TEXT_CHARS_MAX: usize = 200;
/// Accounts told at most.
const ACCOUNTS_MAX: i64 = 1_000;

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, forget))
        .routes(routes!(try_key::test))
}

/// An account with a provider.
#[derive(Serialize, ToSchema)]
#[schema(as = ProviderAccount)]
struct ProviderAccountOut {
    /// Whose.
    merchant_id: String,
    /// With whom.
    provider: Provider,
    /// What the provider calls the merchant.
    #[schema(required)]
    account: Option<String>,
    /// Which of the provider's own systems it is for; null: the live one.
    #[schema(required)]
    address: Option<String>,
    /// Since when its key is kept.
    since: Time,
}

impl From<ProviderAccount> for ProviderAccountOut {
    fn from(account: ProviderAccount) -> Self {
        Self {
            merchant_id: account.merchant_id.to_string(),
            provider: Provider(account.provider),
            account: account.account,
            address: account.address,
            since: Time(account.since),
        }
    }
}

/// Accounts with providers, as far as one may keep them; never a key.
#[utoipa::path(get, path = "/provider-accounts", tag = "provider_account", responses(
    (status = 200, body = Page<ProviderAccountOut>),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
) -> Result<Json<Page<ProviderAccountOut>>, Problem> {
    reading(&api, account, move |tx, actor| {
        let accounts = store::provider_account::list(tx, scope(actor)?, ACCOUNTS_MAX)?;
        let own = accounts
            .into_iter()
            .filter(|one| may_keep(actor, one.merchant_id));
        let limit = usize::try_from(ACCOUNTS_MAX).unwrap_or(usize::MAX);
        Page::of(own.collect(), limit, |_| String::new()).try_map(|one| Ok(one.into()))
    })
    .await
}

/// A key, and what goes with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "key": "rk_test_51Hx", "account": null }))]
struct ProviderAccountIn {
    /// The key, with the least rights that look at and stop a terminal. It is sealed, and never told again.
    key: String,
    /// What the provider calls the merchant; SumUp and Adyen need it.
    account: Option<String>,
    /// Which of the provider's own systems it is for, where it has several: `https://management-test.adyen.com/v3`. The live
    /// one without it; no address of anybody else is taken.
    address: Option<String>,
}

impl ProviderAccountIn {
    /// An account that the provider can be asked with, its key still to be sealed.
    fn read(
        self,
        providers: &Providers,
        merchant_id: MerchantId,
        provider: terminal::Provider,
    ) -> Result<(ProviderAccount, Zeroizing<String>), Problem> {
        let key = Zeroizing::new(text("key", &Zeroizing::new(self.key), KEY_CHARS_MAX)?);
        let account = ProviderAccount {
            merchant_id,
            provider,
            account: text_opt("account", self.account, TEXT_CHARS_MAX)?,
            address: text_opt("address", self.address, TEXT_CHARS_MAX)?,
            key_sealed: Vec::new(),
            since: domain::Timestamp(0),
        };
        if account.account.is_none() && provider != terminal::Provider::Stripe {
            return Err(Problem::field("account", Why::Missing));
        }
        match (providers.wrong)(&account, &key) {
            None => Ok((account, key)),
            Some(field) => Err(Problem::field(field, Why::Invalid)),
        }
    }
}

/// Keep an account, in the place of an earlier one.
#[utoipa::path(put, path = "/provider-accounts/{merchant_id}/{provider}", tag = "provider_account",
    params(("merchant_id" = String, Path), ("provider" = Provider, Path)), request_body = ProviderAccountIn, responses(
    (status = 200, body = ProviderAccountOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "not_found: no such merchant or provider", body = ProblemOut),
))]
async fn put(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, String)>,
    input: In<ProviderAccountIn>,
) -> Result<Kept, Problem> {
    let (merchant_id, provider) = named(&path)?;
    let (node, providers) = (api.node.clone(), api.settings.providers.clone());
    // The same again changes nothing, and what an idempotency key keeps is a digest of the body: none of a secret is to be kept.
    let input = In { key: None, ..input };
    acting(&api, account, input, move |tx, actor, said| {
        // Whoever may not keep it learns nothing of what would be wrong.
        app::provider_account::allowed(tx, actor, merchant_id)?;
        let (mut account, key) = said.read(&providers, merchant_id, provider)?;
        account.since = tx.now();
        let sealed = node
            .sealer
            .seal(Purpose::Setting, &account.sealed_as(), key.as_bytes());
        account.key_sealed = sealed.map_err(|error| Problem::internal(&error))?;
        Ok(ProviderAccountOut::from(app::provider_account::put(
            tx, actor, account,
        )?))
    })
    .await
}

/// Forget an account, and its key.
#[utoipa::path(delete, path = "/provider-accounts/{merchant_id}/{provider}", tag = "provider_account",
    params(("merchant_id" = String, Path), ("provider" = Provider, Path)), responses(
    (status = 204, description = "It is forgotten."),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "not_found: no such merchant or provider", body = ProblemOut),
))]
async fn forget(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(path): Path<(String, String)>,
) -> Result<axum::http::StatusCode, Problem> {
    let (merchant_id, provider) = named(&path)?;
    let work = move |tx: &store::Tx<'_>| {
        let actor = account.actor(tx)?;
        app::provider_account::remove(tx, &actor, merchant_id, provider)?;
        Ok::<_, Problem>(axum::http::StatusCode::NO_CONTENT)
    };
    api.node.write(work).await
}

fn named((merchant_id, provider): &(String, String)) -> Result<(MerchantId, terminal::Provider), Problem> {
    let merchant_id = MerchantId::parse(merchant_id.as_bytes());
    let named = merchant_id.zip(terminal::Provider::parse(provider));
    named.ok_or_else(|| Problem::new(code::NOT_FOUND))
}
