//! What sets documents, and a document as it is asked of it: by the house's own template where it uses one, else by the one that comes
//! with the software.
//!
//! Invariant: a template of the house's keeps nobody from a document: where it cannot be set, the one that comes with the software is, and
//! the record says so.

use std::sync::Arc;
use std::time::Duration;

use domain::document::Template;
use domain::hex;
use domain::revision::Kind;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Tx;
use tokio::time::timeout;

use super::documents::{BACK_IN_S, NOT_READY, NOT_RENDERED};
use crate::problem::Problem;
use crate::setting::Later;

/// For a document by a template of the house's: there must be time left for another. The program gives such a template 4 s of
/// processor time: one that is not set by then was not given it.
pub const OWN_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a document was not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSet {
    /// There is no program to set it, or it has too much to do.
    NotReady,
    /// The program did not do what it is there for.
    Failed,
    /// No font has a sign for this character.
    Missing(char),
    /// It takes more time or memory than one may have.
    TooMuch,
    /// It cannot be set, or would be too large: what is wrong, in English, for whoever wrote the template. May hold words of the data.
    Wrong(String),
}

/// Sets a job as the program `tillguard-documents` reads it.
pub type Set = dyn Fn(Vec<u8>) -> Later<Result<Vec<u8>, NotSet>> + Send + Sync;

/// What sets documents.
#[derive(Clone)]
pub struct Renderer {
    /// Whether its program is there; it may be busy.
    pub is_there: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Sets one as PDF.
    pub set: Arc<Set>,
}

impl From<NotSet> for Problem {
    fn from(why: NotSet) -> Self {
        match why {
            NotSet::NotReady | NotSet::Failed => Self::new(NOT_READY).retry_after_s(BACK_IN_S),
            NotSet::Missing(character) => {
                let number = u32::from(character);
                Self::new(NOT_RENDERED).saying(
                    format!("字体中没有“{character}”（U+{number:04X}）这个字符，请更换写法后再试。"),
                    format!("No font has a sign for “{character}” (U+{number:04X}): write it another way."),
                )
            }
            NotSet::TooMuch => Self::new(NOT_RENDERED).saying(
                "排版所需的时间或内存超过上限。".into(),
                "It takes more time or memory than a document may have.".into(),
            ),
            NotSet::Wrong(_) => Self::new(NOT_RENDERED),
        }
    }
}

/// A document that is asked for.
#[derive(Clone)]
pub struct Job {
    /// By the template that comes with the software.
    built_in: Value,
    own: Option<Own>,
}

/// By one of the house's.
#[derive(Clone)]
struct Own {
    revision_id: String,
    text: String,
}

impl Job {
    /// The job that `built_in` says, by the template that is used for it.
    pub fn of(tx: &Tx<'_>, template: Template, built_in: Value) -> Result<Self, Problem> {
        let own = app::revision::in_use(tx, Kind::Template, template.code())?;
        Ok(Self {
            built_in,
            own: own.map(|own| Own {
                revision_id: own.revision_id,
                text: own.text,
            }),
        })
    }

    /// Sets it.
    pub async fn set(self, by: &Renderer) -> Result<Made, NotSet> {
        let Self { built_in, own } = self;
        let Some(Own { revision_id, text }) = own else {
            return Ok(Made {
                pdf: (by.set)(built_in.to_string().into_bytes()).await?,
                template: None,
            });
        };
        match set_own(by, with_text(built_in.clone(), text)).await {
            Ok(pdf) => {
                return Ok(Made {
                    pdf,
                    template: Some(format!("template:{revision_id}")),
                });
            }
            // There is nobody to set one, or what is to be set has a sign that no font has.
            Err(why @ (NotSet::NotReady | NotSet::Failed | NotSet::Missing(_))) => return Err(why),
            Err(NotSet::TooMuch | NotSet::Wrong(_)) => {}
        }
        Ok(Made {
            pdf: (by.set)(built_in.to_string().into_bytes()).await?,
            template: Some(format!("not_set:{revision_id}")),
        })
    }
}

/// Sets a job by a template of the house's. That the machine is busy says nothing of the template.
pub async fn set_own(by: &Renderer, job: Vec<u8>) -> Result<Vec<u8>, NotSet> {
    let set = timeout(OWN_TIME_MAX, (by.set)(job));
    set.await.unwrap_or(Err(NotSet::NotReady))
}

/// A job by a text in place of the template that it names.
pub fn with_text(mut job: Value, text: String) -> Vec<u8> {
    if let Some(job) = job.as_object_mut() {
        job.remove("template");
        job.insert("template_text".into(), text.into());
    }
    job.to_string().into_bytes()
}

/// A document as it was set.
pub struct Made {
    /// The document.
    pub pdf: Vec<u8>,
    /// By which template of the house's, or which of them could not be set.
    template: Option<String>,
}

impl Made {
    /// What the record says of it: which, in which language, by what, and its SHA-256 last.
    pub fn which(&self, kind: &str, language: &str) -> String {
        let sha256 = hex::of(&Sha256::digest(&self.pdf));
        match &self.template {
            Some(template) => format!("{kind} {language} {template} sha256:{sha256}"),
            None => format!("{kind} {language} sha256:{sha256}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case's document by the house's own template.
    fn own() -> Job {
        Job {
            built_in: serde_json::json!({ "template": "fact_sheet" }),
            own: Some(Own {
                revision_id: "R".into(),
                text: "text".into(),
            }),
        }
    }

    fn renderer(own: impl Fn() -> Later<Result<Vec<u8>, NotSet>> + Send + Sync + 'static) -> Renderer {
        Renderer {
            is_there: Arc::new(|| true),
            set: Arc::new(
                move |job| match String::from_utf8_lossy(&job).contains("template_text") {
                    true => own(),
                    false => Box::pin(async { Ok(b"ours".to_vec()) }),
                },
            ),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_machine_is_no_fault_of_a_template() {
        let busy = renderer(|| Box::pin(std::future::pending()));
        let began = tokio::time::Instant::now();
        assert_eq!(own().set(&busy).await.err(), Some(NotSet::NotReady));
        assert_eq!(began.elapsed(), OWN_TIME_MAX);
        let greedy = renderer(|| Box::pin(async { Err(NotSet::TooMuch) }));
        let made = own().set(&greedy).await.unwrap();
        assert_eq!(
            (made.pdf, made.template),
            (b"ours".to_vec(), Some("not_set:R".into()))
        );
    }
}
