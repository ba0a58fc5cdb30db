//! Having a provider's interface stop a lost terminal.
//!
//! Each step asks first where the device stands, so that a step done by a node that died is not done again. What the provider
//! knows of the device is kept before it is told to stop it.
//!
//! Invariant: *stopped* is written down only when the provider, asked again, says so.

use std::sync::Arc;

use domain::stop_request::{Asked, ProviderState};
use domain::terminal::Provider as Brand;
use domain::work::Work;
use store::{Error, Tx};

use super::Tried;
use crate::connector::provider::{Known, Provider, Providers, Standing, Trouble};
use node::seal::Purpose;
use node::{Node, Turn};

/// After so many rounds without a look it is stopped unseen, and after as many again: stopping it matters more than the evidence.
const LOOKS_MAX: i64 = 3;

/// Does one round: look, ask for the stop, read back.
pub async fn stop(node: &Arc<Node>, providers: &Providers, work: &Work) -> Result<Tried, Error> {
    let claimed = work.clone();
    let Some(asked) = node
        .write(move |tx| app::stop_request::to_ask(tx, &claimed))
        .await?
    else {
        let claimed = work.clone();
        let done: bool = node.write(move |tx| app::work::done(tx, &claimed)).await?;
        tracing::debug!(
            work = work.id.as_str(),
            done,
            "a stop that is not asked for any more"
        );
        return Ok(Tried::Done);
    };
    let provider = match provider(node, providers, work, &asked).await? {
        Ok(provider) => provider,
        Err(why) => return unanswered(node, work, asked.state, why).await,
    };
    let device = asked.device.device_id.as_str();
    let round = Round::of(&asked, work);
    // Where a stopped device is merely gone, its absence proves something only if it was there.
    let mut is_known = asked.evidence.is_some() || asked.device.provider != Brand::Sumup;
    if asked.evidence.is_none() {
        match provider.look(device).await {
            Ok(known) => {
                keep(node, work, evidence(&known)).await?;
                is_known = true;
            }
            Err(_) if round.may_have_asked => {}
            // Its name is wrong: nothing was ever known of it, and its absence proves nothing.
            Err(Trouble::NoSuchDevice) => {
                return answered(node, work, ProviderState::Refused, "it knows no such device").await;
            }
            Err(trouble) if !(round.is_unseen && is_silence(&trouble)) => {
                return troubled(node, work, asked.state, trouble).await;
            }
            Err(_) => {}
        }
    }
    match provider.standing(device).await {
        Ok(Standing::Working) => is_known = true,
        Ok(Standing::Unknown) => {}
        Ok(standing) => return stands(node, work, standing, is_known).await,
        Err(Trouble::Refused { code, sentence }) if round.may_have_asked => {
            return untold(node, work, &code, &sentence).await;
        }
        Err(trouble) if !(round.is_unseen && is_silence(&trouble)) => {
            return troubled(node, work, asked.state, trouble).await;
        }
        Err(_) => {}
    }
    match provider.stop(device).await {
        Ok(()) | Err(Trouble::NoSuchDevice | Trouble::Unknown { .. }) => {}
        Err(trouble) => return troubled(node, work, asked.state, trouble).await,
    }
    match provider.standing(device).await {
        Ok(standing) => stands(node, work, standing, is_known).await,
        Err(Trouble::Refused { code, sentence }) => untold(node, work, &code, &sentence).await,
        Err(trouble) => troubled(node, work, ProviderState::Unknown, trouble).await,
    }
}

/// What the rounds before leave to this one.
struct Round {
    /// One of them may have asked for the stop. What is refused now does not undo it.
    may_have_asked: bool,
    /// Nobody has seen the device, and it is to be stopped all the same.
    is_unseen: bool,
}

impl Round {
    fn of(asked: &Asked, work: &Work) -> Self {
        // Silence makes it unknown; rounds without a key do not, and ask for nothing.
        let is_silent = asked.state != ProviderState::Asked;
        Self {
            may_have_asked: asked.evidence.is_some() || (is_silent && work.tries > LOOKS_MAX),
            is_unseen: asked.evidence.is_none() && work.tries % LOOKS_MAX == 0,
        }
    }
}

/// The provider with the key of the terminal's merchant, or why there is none.
async fn provider(
    node: &Arc<Node>,
    providers: &Providers,
    work: &Work,
    asked: &Asked,
) -> Result<Result<Provider, &'static str>, Error> {
    let (incident_id, of) = (work.id.subject_id().to_owned(), asked.device.provider);
    let read = move |tx: &Tx<'_>| app::provider_account::of_incident(tx, &incident_id, of);
    let Some(account) = node.read(read).await? else {
        return Ok(Err("no key of the provider is kept"));
    };
    let opened = node
        .sealer
        .open(Purpose::Setting, &account.sealed_as(), &account.key_sealed);
    let key = opened.ok().and_then(|key| String::from_utf8(key.to_vec()).ok());
    let Some(key) = key else {
        return Ok(Err("the provider's key cannot be read"));
    };
    let asking = providers.of(&account, key.into());
    Ok(asking.map_err(|_| "the provider cannot be asked with this key"))
}

fn is_silence(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Unknown { .. })
}

/// What is kept of a device, for people and for the police.
fn evidence(known: &Known) -> String {
    let at = |at: domain::Timestamp| {
        jiff::Timestamp::from_millisecond(at.0)
            .unwrap_or_default()
            .to_string()
    };
    let facts = [
        ("last seen", known.last_seen_at.map(at)),
        ("last payment", known.last_payment_at.map(at)),
        ("address", known.address.clone()),
        ("network", known.network.clone()),
        ("serial", known.serial.clone()),
        ("model", known.model.clone()),
        ("status", known.status.clone()),
        ("told", Some(known.told.clone()).filter(|told| !told.is_empty())),
    ];
    let said = facts
        .into_iter()
        .filter_map(|(what, said)| Some(format!("{what}: {}", said?)));
    said.collect::<Vec<_>>().join("; ")
}

async fn keep(node: &Arc<Node>, work: &Work, evidence: String) -> Result<(), Error> {
    let work = work.clone();
    node.write(move |tx| app::stop_request::looked(tx, &work, &evidence))
        .await
}

async fn stands(node: &Arc<Node>, work: &Work, standing: Standing, is_known: bool) -> Result<Tried, Error> {
    match standing {
        Standing::Stopped if !is_known => {
            unanswered(
                node,
                work,
                ProviderState::Unknown,
                "it never told of such a device",
            )
            .await
        }
        Standing::Stopped => answered(node, work, ProviderState::Stopped, "").await,
        Standing::InProgress => unanswered(node, work, ProviderState::InProgress, "").await,
        Standing::Working => {
            unanswered(
                node,
                work,
                ProviderState::Asked,
                "it says that the device works still",
            )
            .await
        }
        Standing::Unknown => {
            unanswered(node, work, ProviderState::Unknown, "its answer is none we know").await
        }
    }
}

/// What trouble says of the stop: a refusal ends it, everything else is asked again. `before`: what was known.
async fn troubled(
    node: &Arc<Node>,
    work: &Work,
    before: ProviderState,
    trouble: Trouble,
) -> Result<Tried, Error> {
    match trouble {
        Trouble::Refused { code, sentence } => {
            answered(node, work, ProviderState::Refused, &format!("{code} {sentence}")).await
        }
        Trouble::NoSuchDevice => {
            unanswered(node, work, ProviderState::Unknown, "it knows no such device").await
        }
        Trouble::Throttled { retry_after } => {
            write_down(node, work, before, "it is busy").await?;
            Ok(Tried::Later("whoever was asked is busy", retry_after))
        }
        Trouble::NotAsked { why } => unanswered(node, work, before, &why).await,
        Trouble::Unknown { why } => unanswered(node, work, ProviderState::Unknown, &why).await,
    }
}

/// The stop was taken, or may have been, and where the device stands is refused: that it is not told to us does not undo it.
async fn untold(node: &Arc<Node>, work: &Work, code: &str, sentence: &str) -> Result<Tried, Error> {
    unanswered(node, work, ProviderState::Unknown, &format!("{code} {sentence}")).await
}

/// Writes down an answer that ends the work.
async fn answered(node: &Arc<Node>, work: &Work, state: ProviderState, said: &str) -> Result<Tried, Error> {
    write_down(node, work, state, said).await?;
    Ok(Tried::Done)
}

/// Writes down what is known so far; it is asked again.
async fn unanswered(node: &Arc<Node>, work: &Work, state: ProviderState, said: &str) -> Result<Tried, Error> {
    write_down(node, work, state, said).await?;
    Ok(Tried::Failed("the stop is not read back yet"))
}

async fn write_down(node: &Arc<Node>, work: &Work, state: ProviderState, said: &str) -> Result<(), Error> {
    let is_ours: bool = node
        .insist(Turn::Own, || {
            let (work, name, said) = (work.clone(), node.name.clone(), said.to_owned());
            move |tx: &Tx<'_>| app::stop_request::answered(tx, &work, &name, state, &said)
        })
        .await?;
    tracing::debug!(
        work = work.id.as_str(),
        state = state.code(),
        is_ours,
        "a provider was asked"
    );
    node.changed(Some(work.id.subject_id().to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::terminal::AtProvider;
    use domain::work::Id;

    use super::*;

    #[test]
    fn a_stop_may_have_been_asked_for_once_it_was_seen_or_silent_for_long_and_not_for_want_of_a_key() {
        let round = |state, evidence: Option<&str>, tries| {
            let device = AtProvider {
                provider: Brand::Sumup,
                device_id: "rdr_1".into(),
            };
            let asked = Asked {
                state,
                at: Timestamp(0),
                device,
                said: None,
                evidence: evidence.map(str::to_owned),
            };
            let work = Work::new(Id::provider_stop("A"), Timestamp(0), Timestamp(0));
            let round = Round::of(&asked, &Work { tries, ..work });
            (round.may_have_asked, round.is_unseen)
        };
        assert_eq!(round(ProviderState::Asked, None, 1), (false, false));
        assert_eq!(round(ProviderState::Unknown, None, LOOKS_MAX), (false, true));
        assert_eq!(round(ProviderState::Unknown, None, LOOKS_MAX + 1), (true, false));
        assert_eq!(round(ProviderState::Asked, None, LOOKS_MAX + 1), (false, false));
        assert_eq!(round(ProviderState::Asked, Some("seen"), 2), (true, false));
        assert_eq!(
            round(ProviderState::Asked, Some("seen"), LOOKS_MAX),
            (true, false)
        );
    }
}
