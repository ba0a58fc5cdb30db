//! Whom to call: the acquirer's hotline, as the node's settings give it (R1.0).
//!
//! Invariant: it is told before anybody signs in, for who cannot sign in needs it most.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use crate::setting::IdentityProvider;

/// Longest telephone number, with its spaces and dashes.
const PHONE_CHARS_MAX: usize = 32;
/// How long the store may take to say whether codes can be mailed.
const STORE_TIME_MAX: Duration = Duration::from_secs(1);

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Somebody to call.
#[derive(Default, Serialize, ToSchema)]
struct Hotline {
    /// As it is dialled, with spaces or dashes; null when the node was given none.
    #[schema(required)]
    phone: Option<String>,
    /// Whether a code can be mailed to who cannot log in: `POST /emergency-report`; null: the store does not say just now, ask again.
    #[schema(required)]
    mails_codes: Option<bool>,
    /// Whether merchants may sign up by themselves: `POST /registrations`; null: as above.
    #[schema(required)]
    takes_registrations: Option<bool>,
    /// Who is asked whether a name and a number belong together, where merchants may sign up and consent to it; null: nobody.
    #[schema(required)]
    identity_provider: Option<IdentityProvider>,
    /// Where the walk through a demo begins, and as whom; null in a house that is none.
    #[schema(required)]
    demo: Option<Demo>,
}

/// The walk through a demo: whose terminal is lost in it, and who follows the loss.
#[derive(Clone, Serialize, ToSchema)]
pub struct Demo {
    /// The merchant's name.
    pub merchant_name: String,
    /// The shop that the manager sees.
    pub shop_id: String,
    /// The terminal of it that nobody has seen for a while, by shop and name.
    pub terminal: String,
    /// The merchant's owner, by log-in.
    pub owner: String,
    /// That shop's manager.
    pub manager: String,
    /// A risk officer of the acquirer.
    pub risk: String,
    /// A second one.
    pub second: String,
}

/// A telephone number: digits, spaces, dashes, brackets, and a plus in front.
///
/// # Errors
/// What else is in it, for who wrote it.
pub fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = text.strip_prefix('+').unwrap_or(text);
    let dialled = plain
        .chars()
        .all(|one| one.is_ascii_digit() || " -()".contains(one));
    match dialled && plain.contains(|one: char| one.is_ascii_digit()) && text.len() <= PHONE_CHARS_MAX {
        true => Ok(text.to_owned()),
        false => Err("a telephone number has digits, spaces and dashes, 32 characters at most".to_owned()),
    }
}

/// Whom to call.
#[utoipa::path(get, path = "/hotline", tag = "hotline", security(()), responses((status = 200, body = Hotline)))]
async fn show(State(api): State<Arc<Api>>) -> Json<Hotline> {
    let (phone, demo) = (api.settings.hotline.clone(), api.settings.demo.clone());
    // The number is told whatever the store is doing.
    let read = |tx: &store::Tx<'_>| {
        let settings = store::setting::get(tx)?;
        let mails_codes = settings.as_ref().is_some_and(app::stop_request::mails);
        let settings = settings.filter(app::registration::takes);
        Ok::<_, store::Error>(Hotline {
            phone: None,
            demo: None,
            mails_codes: Some(mails_codes),
            takes_registrations: Some(settings.is_some()),
            identity_provider: settings
                .and_then(|settings| settings.identity_provider)
                .map(IdentityProvider),
        })
    };
    let asked = tokio::time::timeout(STORE_TIME_MAX, api.node.read(read)).await;
    let told = asked.ok().and_then(Result::ok).unwrap_or_default();
    Json(Hotline { phone, demo, ..told })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_can_be_dialled_passes_and_nothing_else() {
        for right in ["400-000-0117", "+86 10 5555 0117", " 95516 ", "(010) 5555-0117"] {
            assert_eq!(parse(right).as_deref(), Ok(right.trim()));
        }
        for wrong in ["", "-", "javascript:1", "400\n1", "+", &"1".repeat(33)] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
