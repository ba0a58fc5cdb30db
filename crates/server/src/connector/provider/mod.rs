//! Providers whose own interface can stop a terminal: Stripe Terminal, SumUp, Adyen. For a shop alone whose acquirer is one of
//! them.
//!
//! A stop is asked for and then read back; only what was read back counts. Whatever may have been done and was not answered is
//! unknown, and is read back too: asking twice is the same as once. What the provider knows of the device is read before,
//! because a deleted reader tells nothing any more.
//!
//! Invariant: [`Standing::Stopped`] is said only of a device that the provider itself says is stopped, to a question that named
//! it; a key is in no debug print, error or log.

mod adyen;
mod elsewhere;
mod stripe;
mod sumup;
mod tried;

use std::time::Duration;

use domain::Timestamp;
use domain::terminal::Provider as Which;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::Value;
use zeroize::Zeroizing;

use super::as_said;
use super::tls::Trust;
use super::web::{self, Answer, Lost, Question};
pub use super::web::{Patience, Site};
pub use elsewhere::{Elsewhere, Providers};

/// The longest that [`Provider::stop`] takes with the usual [`Patience`]: at Stripe it asks three times.
pub const STOP_TIME_MAX: Duration = Duration::from_secs(48);
/// The longest that [`Provider::look`] and [`Provider::standing`] take: at SumUp each asks twice. A claim on a stop outlasts a
/// look, a stop and two readings back.
pub const LOOK_TIME_MAX: Duration = Duration::from_secs(32);
/// The longest key, and the longest name of a device or a merchant.
const KEY_LEN_MAX: usize = 512;
const NAME_LEN_MAX: usize = 64;
/// The longest evidence of a device that is kept as the provider told it.
const TOLD_BYTES_MAX: usize = 8 * 1024;

/// Where a device stands, as read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can take payments.
    Working,
    /// It is to be stopped, and is not yet.
    InProgress,
    /// It takes none any more.
    Stopped,
    /// The provider's word for it is none that we know.
    Unknown,
}

/// What the provider knows of a device: evidence, read before it is stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When the device last spoke to the provider.
    pub last_seen_at: Option<Timestamp>,
    /// When it last took a payment.
    pub last_payment_at: Option<Timestamp>,
    /// Its address in the network where it was.
    pub address: Option<String>,
    /// The name of that network.
    pub network: Option<String>,
    /// Its maker's number.
    pub serial: Option<String>,
    /// Its model, in the provider's words.
    pub model: Option<String>,
    /// Its state, in the provider's words.
    pub status: Option<String>,
    /// Whether something is under way on it.
    pub is_busy: bool,
    /// The provider's whole answer about it, as JSON; empty when it is longer than 8 KiB.
    pub told: String,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The provider says no: wrong key, missing right, not allowed.
    Refused {
        /// Its own code, else the status.
        code: String,
        /// Its own sentence.
        sentence: String,
    },
    /// The provider does not know the device. That is no proof that it is stopped.
    NoSuchDevice,
    /// It has too much to do.
    Throttled {
        /// When to come again; at most ten minutes.
        retry_after: Duration,
    },
    /// It certainly was not asked.
    NotAsked {
        /// In a few words.
        why: String,
    },
    /// It may have been asked, and may have done it.
    Unknown {
        /// In a few words.
        why: String,
    },
}

/// A provider, with the key of a merchant of its.
pub struct Provider {
    brand: Brand,
    key: Zeroizing<String>,
    site: Site,
    trust: Option<Trust>,
    patience: Patience,
}

/// Whose interface it is, and what beside the key says who asks.
enum Brand {
    Stripe,
    SumUp { merchant: String },
    Adyen { merchant: String },
}

impl Brand {
    const fn which(&self) -> Which {
        match self {
            Self::Stripe => Which::Stripe,
            Self::SumUp { .. } => Which::Sumup,
            Self::Adyen { .. } => Which::Adyen,
        }
    }
}

/// Where a provider can be asked; its live system first.
const fn addresses(which: Which) -> &'static [&'static str] {
    match which {
        Which::Stripe => &stripe::ADDRESSES,
        Which::Sumup => &sumup::ADDRESSES,
        Which::Adyen => &adyen::ADDRESSES,
    }
}

/// Why a provider cannot be asked with what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongSetting {
    /// The key is empty, too long, or holds what no key holds.
    #[error("this is no key")]
    Key,
    /// The merchant's code holds what none holds.
    #[error("this is no merchant code")]
    Merchant,
    /// The address is none of the provider's own: the key stays here.
    #[error("this is no address of the provider")]
    Address,
}

impl Provider {
    /// Stripe Terminal. `key`: a restricted key that may write Terminal readers.
    ///
    /// # Errors
    /// [`WrongSetting::Key`].
    pub fn stripe(key: Zeroizing<String>) -> Result<Self, WrongSetting> {
        Self::new(Brand::Stripe, key)
    }

    /// SumUp. `key`: an API key, or a token of scope `readers.write`; `merchant`: the merchant code.
    ///
    /// # Errors
    /// [`WrongSetting`].
    pub fn sumup(key: Zeroizing<String>, merchant: &str) -> Result<Self, WrongSetting> {
        Self::new(
            Brand::SumUp {
                merchant: self::merchant(merchant)?,
            },
            key,
        )
    }

    /// Adyen. `key`: of a credential with *Management API—Assign Terminal* and *—Terminal actions read*; `merchant`: the
    /// account whose inventory takes stopped terminals.
    ///
    /// # Errors
    /// [`WrongSetting`].
    pub fn adyen(key: Zeroizing<String>, merchant: &str) -> Result<Self, WrongSetting> {
        Self::new(
            Brand::Adyen {
                merchant: self::merchant(merchant)?,
            },
            key,
        )
    }

    fn new(brand: Brand, key: Zeroizing<String>) -> Result<Self, WrongSetting> {
        let is_key =
            (1..=KEY_LEN_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_key {
            return Err(WrongSetting::Key);
        }
        let site = addresses(brand.which())
            .first()
            .and_then(|live| Site::parse(live));
        Ok(Self {
            brand,
            key,
            site: site.ok_or(WrongSetting::Address)?,
            trust: None,
            patience: Patience::default(),
        })
    }

    /// At another address of the provider's own: its test system.
    ///
    /// # Errors
    /// [`WrongSetting::Address`] for an address of anybody else, who would be given the key.
    pub fn at(self, address: &str) -> Result<Self, WrongSetting> {
        let is_own = addresses(self.brand.which()).contains(&address);
        let site = Site::parse(address).filter(|_| is_own);
        Ok(self.through(site.ok_or(WrongSetting::Address)?))
    }

    /// Where whoever runs the node says, and nobody else may: a double of the provider.
    #[must_use]
    pub fn through(self, site: Site) -> Self {
        Self { site, ..self }
    }

    /// Trusting others than the system does.
    #[must_use]
    pub fn trusting(self, trust: Trust) -> Self {
        Self {
            trust: Some(trust),
            ..self
        }
    }

    /// With other limits of time.
    #[must_use]
    pub fn patient(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Whether the key is taken, by a question that changes nothing.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn test(&self) -> Result<(), Trouble> {
        match &self.brand {
            Brand::Stripe => stripe::test(self).await,
            Brand::SumUp { merchant } => sumup::test(self, merchant).await,
            Brand::Adyen { .. } => adyen::test(self).await,
        }
    }

    /// What the provider knows of a device. To be asked, and kept, before the first [`Provider::stop`]; [`Trouble::NoSuchDevice`]
    /// then means that the device's name is wrong.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn look(&self, device: &str) -> Result<Known, Trouble> {
        let device = name(device)?;
        match &self.brand {
            Brand::Stripe => stripe::look(self, device).await,
            Brand::SumUp { merchant } => sumup::look(self, merchant, device).await,
            Brand::Adyen { .. } => adyen::look(self, device).await,
        }
    }

    /// Asks for the stop. `Ok` says that the provider took the request, not that the device is stopped: read it back, and read it
    /// back too after [`Trouble::Unknown`] and [`Trouble::NoSuchDevice`].
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn stop(&self, device: &str) -> Result<(), Trouble> {
        let device = name(device)?;
        match &self.brand {
            Brand::Stripe => stripe::stop(self, device).await,
            Brand::SumUp { merchant } => sumup::stop(self, merchant, device).await,
            Brand::Adyen { merchant } => adyen::stop(self, merchant, device).await,
        }
    }

    /// Where a device stands that [`Provider::look`] has known before: at SumUp a stopped one is one that is gone.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn standing(&self, device: &str) -> Result<Standing, Trouble> {
        let device = name(device)?;
        match &self.brand {
            Brand::Stripe => stripe::standing(self, device).await,
            Brand::SumUp { merchant } => sumup::standing(self, merchant, device).await,
            Brand::Adyen { .. } => adyen::standing(self, device).await,
        }
    }

    fn bearer(&self) -> (HeaderName, Zeroizing<String>) {
        let value = Zeroizing::new(format!("Bearer {}", self.key.as_str()));
        (hyper::header::AUTHORIZATION, value)
    }

    /// Asks, and takes a 2xx; anything else is trouble.
    async fn ask(
        &self,
        method: Method,
        path: String,
        body: Option<(&'static str, String)>,
    ) -> Result<Answer, Trouble> {
        let (name, value) = match self.brand {
            Brand::Stripe | Brand::SumUp { .. } => self.bearer(),
            Brand::Adyen { .. } => (HeaderName::from_static("x-api-key"), self.key.clone()),
        };
        let value = HeaderValue::from_str(&value).map_err(|_| not_asked("the key cannot be sent"))?;
        let mut headers = vec![(name, value)];
        if matches!(self.brand, Brand::Stripe) {
            headers.push((
                HeaderName::from_static("stripe-version"),
                HeaderValue::from_static(stripe::VERSION),
            ));
        }
        let question = Question {
            method,
            path,
            headers,
            body: body.map(|(kind, text)| (kind, text.into())),
        };
        let answer = web::ask(&self.site, self.trust.as_ref(), self.patience, question).await;
        let answer = answer.map_err(|lost| match lost {
            Lost::NotSent(why) => Trouble::NotAsked { why },
            Lost::Silent(why) => Trouble::Unknown { why },
        })?;
        self.judged(answer)
    }

    async fn get(&self, path: String) -> Result<Value, Trouble> {
        let answer = self.ask(Method::GET, path, None).await?;
        serde_json::from_slice(&answer.body).map_err(|_| unknown("the answer is not JSON"))
    }

    fn judged(&self, answer: Answer) -> Result<Answer, Trouble> {
        match answer.status {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => Err(Trouble::NoSuchDevice),
            StatusCode::TOO_MANY_REQUESTS => Err(Trouble::Throttled {
                retry_after: answer.retry_after,
            }),
            StatusCode::REQUEST_TIMEOUT => Err(unknown("the provider gave up waiting")),
            status if status.is_client_error() => {
                let said = serde_json::from_slice(&answer.body).unwrap_or_default();
                let (code, sentence) = match self.brand {
                    Brand::Stripe => stripe::error(&said),
                    Brand::SumUp { .. } => sumup::error(&said),
                    Brand::Adyen { .. } => adyen::error(&said),
                };
                Err(Trouble::Refused {
                    code: code.unwrap_or_else(|| status.as_u16().to_string()),
                    sentence: self.without_key(&sentence.unwrap_or_default()),
                })
            }
            status => Err(unknown(&format!("the provider answered {}", status.as_u16()))),
        }
    }

    /// Some providers repeat the key, or a part of it, when they refuse it.
    fn without_key(&self, sentence: &str) -> String {
        let words = sentence.split(' ').map(|word| {
            let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let is_part = bare.len() >= 6 && self.key.contains(bare);
            let is_masked = word.contains("***") || word.contains("...");
            if is_part || is_masked || word.contains(self.key.as_str()) {
                "…"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.brand {
            Brand::Stripe => "Provider(Stripe)",
            Brand::SumUp { .. } => "Provider(SumUp)",
            Brand::Adyen { .. } => "Provider(Adyen)",
        })
    }
}

/// A name that can stand in a path as it is.
fn plain(text: &str) -> Option<&str> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    ((1..=NAME_LEN_MAX).contains(&text.len()) && text.bytes().all(is_letter)).then_some(text)
}

fn merchant(text: &str) -> Result<String, WrongSetting> {
    plain(text).map(str::to_owned).ok_or(WrongSetting::Merchant)
}

fn name(device: &str) -> Result<&str, Trouble> {
    plain(device).ok_or(Trouble::NoSuchDevice)
}

fn unknown(why: &str) -> Trouble {
    Trouble::Unknown { why: as_said(why) }
}

fn not_asked(why: &str) -> Trouble {
    Trouble::NotAsked { why: as_said(why) }
}

/// A text of an answer, bounded; none when it is empty.
fn text(value: &Value) -> Option<String> {
    let text = as_said(value.as_str()?);
    (!text.is_empty()).then_some(text)
}

/// A moment as RFC 3339 has it.
fn moment(value: &Value) -> Option<Timestamp> {
    let moment: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

/// An answer about a device, to be kept as it is.
fn evidence(value: &Value) -> String {
    let told = value.to_string();
    if told.len() <= TOLD_BYTES_MAX {
        told
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests;
