//! Letters of an incident to banks and payment institutions: written, opened, mailed or handed over, answered, taken back (R1.3, R3.3).

mod document;

use std::sync::Arc;

use app::letter::{self as letters, Answered, New, NotTaken, To, offer};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Actor;
use domain::contact::Contact;
use domain::incident::Incident;
use domain::letter::{DUE_DAYS_MAX, Kind, Letter, OWN_QUESTION_CHARS_MAX, PAYMENTS_MAX, Question, Way};
use domain::setting::Language as Spoken;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Tx;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::documents::{BACK_IN_S, DocumentLanguage, ONE_AT_A_TIME};
use super::duty::DutyFile;
use super::stop_request::StopMail;
use crate::Api;
use crate::auth::{self, Account, Recorded};
use crate::edge::Sandboxed;
use crate::file::{self, GONE};
use crate::idempotency::Kept;
use crate::input::{In, email_of_person, text, text_opt};
use crate::people::Names;
use crate::problem::{Problem, ProblemOut, Why};
use crate::route::{acting, actions, reading};
use crate::spool::Spool;
use crate::wire::{Time, word};

/// Questions that are chosen at most, of a list that is shorter.
const QUESTIONS_MAX: usize = 20;
/// Longest name of whom it goes to, or number of an answer, in characters.
const SHORT_CHARS_MAX: usize = 200;

word! {
    /// What a letter is for.
    LetterKind: domain::letter::Kind;
    /// What a letter asks.
    LetterQuestion: domain::letter::Question;
    /// Where a letter stands.
    LetterState: domain::letter::State;
    /// How a letter goes out.
    LetterWay: domain::letter::Way;
    /// What people do with a letter.
    LetterAction: domain::letter::Verb;
}

crate::problem::codes! {
    /// No such letter, for this account.
    NOT_FOUND = "letter_not_found", NOT_FOUND:
        ("没有找到函件", "没有这封函件。"),
        ("Letter not found", "There is no such letter.");
    /// The incident has as many as it may.
    FULL = "too_many_letters", CONFLICT:
        ("函件太多", "一个事件最多 100 封函件。"),
        ("Too many letters", "An incident has at most 100 letters.");
    /// As many as may be in a day.
    TOO_MANY_TODAY = "too_many_letters_today", TOO_MANY_REQUESTS:
        ("今天的函件太多", "一个事件一天最多写 20 封函件，一个账号一天最多寄 60 次。"),
        ("Too many letters today", "An incident has at most 20 letters a day, and an account mails at most 60.");
}

impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Full => Self::new(FULL),
            NotTaken::TooManyToday => Self::new(TOO_MANY_TODAY),
            NotTaken::Case(error) => error.into(),
        }
    }
}

/// The routes.
pub fn router() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list, write))
        .routes(routes!(change))
        .routes(routes!(show_document))
        .routes(routes!(send))
        .routes(routes!(answer))
        .routes(routes!(withdraw))
}

/// A letter.
#[derive(Serialize, ToSchema)]
#[schema(as = Letter)]
struct LetterOut {
    /// The incident's number, `-l`, its place.
    id: String,
    /// The year, a hyphen, and its number in the house's year.
    number: String,
    /// What it is for.
    kind: LetterKind,
    /// In which language it is written.
    language: DocumentLanguage,
    /// Where it stands.
    state: LetterState,
    /// To whom; null once the case is forgotten.
    #[schema(required)]
    to: Option<LetterTo>,
    /// What it asks.
    questions: Vec<LetterQuestion>,
    /// What it asks besides.
    #[schema(required)]
    own_question: Option<String>,
    /// How many payments it is about.
    payment_count: usize,
    /// Until which day an answer is asked for, by the terminal's clock: `2026-12-04`.
    #[schema(format = Date)]
    due_on: String,
    /// Whether it was sent, and that day is over without an answer.
    is_overdue: bool,
    /// Who wrote it.
    by: String,
    /// When.
    at: Time,
    /// SHA-256 of its document, which is made when somebody first asks for it and stays as it is; null: nobody has.
    #[schema(required)]
    document_sha256: Option<String>,
    /// What became of the last mail with it; null: there is none.
    #[schema(required)]
    mail: Option<StopMail>,
    /// That it went out.
    #[schema(required)]
    sent: Option<LetterSent>,
    /// What came back.
    #[schema(required)]
    answer: Option<LetterAnswer>,
    /// That it was taken back.
    #[schema(required)]
    withdrawn: Option<LetterWithdrawn>,
    /// What the one who asks may do with it now.
    actions: Vec<LetterAction>,
}

/// To whom a letter goes.
#[derive(Serialize, ToSchema)]
struct LetterTo {
    /// The contact that it is; null: somebody typed it.
    #[schema(required)]
    contact: Option<String>,
    /// How it is called.
    name: String,
    /// Its address of mail; null: it is handed over.
    #[schema(required)]
    email: Option<String>,
}

/// That a letter went out.
#[derive(Serialize, ToSchema)]
struct LetterSent {
    /// How.
    way: LetterWay,
    /// When: as the mail server took it, or as a person says.
    at: Time,
    /// Who says so; the node, of a mail.
    said_by: String,
}

/// What came back.
#[derive(Serialize, ToSchema)]
struct LetterAnswer {
    /// Under which number they keep it.
    #[schema(required)]
    reference: Option<String>,
    /// What they say.
    #[schema(required)]
    text: Option<String>,
    /// The file that is their answer.
    #[schema(required)]
    attachment: Option<DutyFile>,
    /// Who wrote it down.
    by: String,
    /// When.
    at: Time,
}

/// That a letter was taken back.
#[derive(Serialize, ToSchema)]
struct LetterWithdrawn {
    /// By whom.
    by: String,
    /// When.
    at: Time,
    /// Why.
    #[schema(required)]
    ground: Option<String>,
}

impl LetterOut {
    fn of(tx: &Tx<'_>, names: &mut Names<'_, '_>, actor: &Actor, it: Letter) -> Result<Self, Problem> {
        let answer = match &it.answer {
            None => None,
            Some(answer) => Some(LetterAnswer {
                reference: answer.reference.clone(),
                text: answer.text.clone(),
                attachment: answer
                    .attachment_id
                    .as_deref()
                    .map(|id| DutyFile::of(tx, id))
                    .transpose()?,
                by: names.person(&answer.by)?,
                at: Time(answer.at),
            }),
        };
        let sent = match &it.sent {
            None => None,
            Some(sent) => Some(LetterSent {
                way: LetterWay(sent.way),
                at: Time(sent.at),
                said_by: names.person(&sent.by)?,
            }),
        };
        let withdrawn = match &it.withdrawn {
            None => None,
            Some(withdrawn) => Some(LetterWithdrawn {
                by: names.person(&withdrawn.by)?,
                at: Time(withdrawn.at),
                ground: withdrawn.ground.clone(),
            }),
        };
        Ok(Self {
            actions: actions(tx, actor, &it, LetterAction)?,
            kind: LetterKind(it.kind),
            language: DocumentLanguage(it.language),
            state: LetterState(it.state),
            questions: it.questions().map(LetterQuestion).collect(),
            payment_count: it.payments().count(),
            is_overdue: it.is_overdue(tx.now()),
            by: names.person(&it.by)?,
            at: Time(it.at),
            document_sha256: it.document.as_ref().map(|document| document.sha256.clone()),
            mail: it.mail.clone().map(StopMail::from),
            to: (!it.is_erased()).then(|| LetterTo {
                contact: it.to.contact_id.clone(),
                name: it.to.name.clone(),
                email: it.to.email.clone(),
            }),
            id: it.letter_id,
            number: it.number,
            own_question: it.own_question,
            due_on: it.due_on,
            sent,
            answer,
            withdrawn,
        })
    }
}

/// The letters of an incident.
#[derive(Serialize, ToSchema)]
struct Letters {
    /// The oldest first.
    items: Vec<LetterOut>,
    /// What the one who asks may write now; null: nothing.
    #[schema(required)]
    offer: Option<LetterOffer>,
    /// Whether mails can go out; else letters are handed over.
    mails: bool,
}

/// What may be written.
#[derive(Serialize, ToSchema)]
struct LetterOffer {
    /// What for.
    kinds: Vec<LetterForm>,
    /// To whom, among the contacts of the terminal's merchant; its own first.
    contacts: Vec<LetterTo>,
    /// How many payments it is about unless somebody chooses: those that people called fraudulent, or do not know.
    payment_count: usize,
}

/// A kind of letter.
#[derive(Serialize, ToSchema)]
struct LetterForm {
    /// Which.
    kind: LetterKind,
    /// What it may ask.
    questions: Vec<LetterAsks>,
}

/// Something that a letter may ask.
#[derive(Serialize, ToSchema)]
struct LetterAsks {
    /// Which.
    question: LetterQuestion,
    /// As the letter says it in Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// Whether it does unless somebody chooses.
    is_usual: bool,
}

impl LetterForm {
    fn of(kind: Kind) -> Self {
        let asks = |question: &Question| LetterAsks {
            question: LetterQuestion(*question),
            zh: question.text(Spoken::Chinese),
            en: question.text(Spoken::English),
            is_usual: kind.usual().contains(question),
        };
        Self {
            kind: LetterKind(kind),
            questions: kind.questions().iter().map(asks).collect(),
        }
    }
}

impl From<letters::Offer> for LetterOffer {
    fn from(offer: letters::Offer) -> Self {
        let to = |contact: Contact| LetterTo {
            contact: Some(contact.contact_id),
            name: contact.details.name,
            email: contact.details.email,
        };
        Self {
            kinds: offer.kinds.into_iter().map(LetterForm::of).collect(),
            contacts: offer.contacts.into_iter().map(to).collect(),
            payment_count: offer.payment_count,
        }
    }
}

/// The letters of an incident, and what may be written.
#[utoipa::path(get, path = "/incidents/{incident_id}/letters", tag = "letter", params(("incident_id" = String, Path)), responses(
    (status = 200, body = Letters),
    (status = 404, description = "incident_not_found", body = ProblemOut),
))]
async fn list(
    State(api): State<Arc<Api>>,
    account: Account,
    Path(incident_id): Path<String>,
) -> Result<Json<Letters>, Problem> {
    reading(&api, account, move |tx, actor| {
        app::case::find::<Incident>(tx, actor, &incident_id)?;
        let mut names = Names::new(tx);
        let its = store::letter::of(tx, &incident_id)?.into_iter();
        Ok(Letters {
            items: its
                .map(|it| LetterOut::of(tx, &mut names, actor, it))
                .collect::<Result<_, _>>()?,
            offer: offer(tx, actor, &incident_id)?.map(LetterOffer::from),
            mails: app::stop_request::mail_is_set_up(tx)?,
        })
    })
    .await
}

/// A letter to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "inquiry", "language": "zh", "to": { "name": "城南银行", "email": "fraud@bank.example" }, "due_in_days": 7 }))]
struct LetterIn {
    /// What for; `settlement_hold` only where an acquirer outside decides about the terminal.
    kind: LetterKind,
    /// In which language.
    language: DocumentLanguage,
    /// To whom.
    to: LetterToIn,
    /// What it asks; unless said, what is usual for its kind. `settlement_hold` asks to hold something.
    #[schema(max_items = 20)]
    questions: Option<Vec<LetterQuestion>>,
    /// What it asks besides; at most 500 characters.
    own_question: Option<String>,
    /// The payments that it is about, by their identifiers, at most 100; unless said, those that people called fraudulent, or do not know.
    /// `protection` needs one.
    #[schema(max_items = 100)]
    payments: Option<Vec<String>>,
    /// Until when an answer is asked for, in days from today by the terminal's clock.
    #[schema(minimum = 1, maximum = 60)]
    due_in_days: i64,
}

/// To whom a letter goes: to an acquirer or a bank among the contacts, or to somebody who is none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LetterToIn {
    /// The contact's identifier; then neither of the others is said.
    contact: Option<String>,
    /// How it is called, at most 200 characters.
    name: Option<String>,
    /// Its address of mail; without one the letter is handed over.
    email: Option<String>,
}

impl LetterToIn {
    fn read(self, api: &Api) -> Result<To, Problem> {
        match self.contact {
            Some(_) if self.name.is_some() || self.email.is_some() => {
                Err(Problem::field("to.contact", Why::Invalid))
            }
            Some(contact) => Ok(To::Contact(contact)),
            None => Ok(To::Named {
                name: line("to.name", self.name.as_deref().unwrap_or_default())?,
                email: email_of_person(api, "to.email", self.email)?,
            }),
        }
    }
}

/// A text of one line: it stands in the head of a letter, and of a mail.
fn line(name: &'static str, said: &str) -> Result<String, Problem> {
    match said.trim().contains(char::is_control) {
        true => Err(Problem::field(name, Why::Invalid)),
        false => text(name, said, SHORT_CHARS_MAX),
    }
}

impl LetterIn {
    fn read(self, api: &Api) -> Result<New, Problem> {
        let questions = self
            .questions
            .map(|some| some.into_iter().map(|question| question.0).collect::<Vec<_>>());
        if questions.as_ref().is_some_and(|some| some.len() > QUESTIONS_MAX) {
            return Err(Problem::field("questions", Why::TooLong));
        }
        if self
            .payments
            .as_ref()
            .is_some_and(|some| some.len() > PAYMENTS_MAX)
        {
            return Err(Problem::field("payments", Why::TooLong));
        }
        if !(1..=DUE_DAYS_MAX).contains(&self.due_in_days) {
            return Err(Problem::field("due_in_days", Why::OutOfRange));
        }
        Ok(New {
            kind: self.kind.0,
            language: self.language.0,
            to: self.to.read(api)?,
            questions,
            own_question: text_opt("own_question", self.own_question, OWN_QUESTION_CHARS_MAX)?,
            payments: self.payments,
            due_in_days: self.due_in_days,
        })
    }
}

/// Write a letter. It goes to nobody yet; its number is never given again.
#[utoipa::path(post, path = "/incidents/{incident_id}/letters", tag = "letter", params(("incident_id" = String, Path)),
    request_body = LetterIn, responses(
    (status = 201, body = LetterOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "incident_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state; too_many_letters", body = ProblemOut),
    (status = 429, description = "too_many_letters_today", body = ProblemOut),
))]
async fn write(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(incident_id): Path<String>,
    input: In<LetterIn>,
) -> Result<Kept, Problem> {
    let (id, shared) = (incident_id.clone(), api.clone());
    let kept = acting(&api, account, input, move |tx, actor, said: LetterIn| {
        app::case::find::<Incident>(tx, actor, &id)?;
        let letter = letters::write(tx, actor, &id, said.read(&shared)?)?;
        LetterOut::of(tx, &mut Names::new(tx), actor, letter)
    });
    let kept = kept.await?;
    api.node.changed(Some(incident_id));
    Ok(kept.with_status(StatusCode::CREATED))
}

/// Have a draft say something else. Its number stays; its document is made anew when somebody asks for it.
#[utoipa::path(put, path = "/letters/{letter_id}", tag = "letter", params(("letter_id" = String, Path)),
    request_body = LetterIn, responses(
    (status = 200, body = LetterOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "letter_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it is no draft any more", body = ProblemOut),
))]
async fn change(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(letter_id): Path<String>,
    input: In<LetterIn>,
) -> Result<Kept, Problem> {
    let shared = api.clone();
    step(
        &api,
        account,
        letter_id,
        input,
        move |tx, actor, id, said: LetterIn| Ok(letters::change(tx, actor, id, said.read(&shared)?)?),
    )
    .await
}

/// Its document: the one that is kept, or, where nobody asked for it before, made now and kept.
async fn made(api: &Api, account: Account, letter_id: &str) -> Result<Letter, Problem> {
    let id = letter_id.to_owned();
    let readable = move |tx: &Tx<'_>, actor: &Actor| Ok(letters::readable(tx, actor, &id)?);
    let Json(letter) = reading(api, account.clone(), readable).await?;
    if letter.document.is_some() {
        return Ok(letter);
    }
    let place = api.being_made.take(account.name());
    let _place = place.ok_or_else(|| Problem::new(ONE_AT_A_TIME).retry_after_s(BACK_IN_S))?;
    let id = letter_id.to_owned();
    let gathered = reading(api, account.clone(), move |tx, actor| {
        let letter = letters::unmade(tx, actor, &id)?;
        let job = document::job(tx, &letter)?;
        Ok((letter, job))
    });
    let Json((letter, job)) = gathered.await?;
    let made = job.set(&api.settings.documents).await?;
    let which = made.which(&format!("letter {}", letter.number), letter.language.code());
    let sha256 = domain::hex::of(&Sha256::digest(&made.pdf));
    let at = (&api.node, api.settings.spool.as_path());
    let spool = Spool::of(at, letter_id, &made.pdf).await?;
    let mut pieces = Vec::new();
    for number in 0..spool.piece_count() {
        pieces.push(spool.piece(number).await?);
    }
    let len = spool.len;
    let keep = move |tx: &Tx<'_>| {
        let actor = account.actor(tx)?;
        Ok::<_, Problem>(letters::keep(
            tx,
            &actor,
            &letter,
            (sha256, len, &pieces),
            &which,
        )?)
    };
    let letter = api.node.write(keep).await?;
    api.node.changed(Some(letter.incident_id.clone()));
    Ok(letter)
}

/// A letter's document, as PDF/A-2b. It is made when somebody first asks for it, or when the letter goes out, and stays as it is: that it was
/// made is among the incident's events, with its SHA-256.
#[utoipa::path(get, path = "/letters/{letter_id}/document", tag = "letter", params(("letter_id" = String, Path)), responses(
    (status = 200, description = "The document.", content_type = "application/pdf", body = Vec<u8>),
    (status = 403, description = "not_allowed; cross_origin: by a cookie, and not from our own page", body = ProblemOut),
    (status = 404, description = "letter_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it was taken back before anybody asked for it", body = ProblemOut),
    (status = 410, description = "file_gone", body = ProblemOut),
    (status = 422, description = "document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "one_document_at_a_time, files_busy", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn show_document(
    State(api): State<Arc<Api>>,
    Recorded(account): Recorded,
    Path(letter_id): Path<String>,
) -> Result<Response, Problem> {
    let place = file::place(&api.files, &account)?;
    let letter = made(&api, account, &letter_id).await?;
    let document = letter.document.as_ref().filter(|_| !letter.is_erased());
    let document = document.ok_or_else(|| Problem::new(GONE))?;
    let name = format!("attachment; filename=\"letter-{}.pdf\"", letter.number);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_LENGTH, HeaderValue::from(document.len)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).map_err(|error| Problem::internal(&error))?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = file::pieces(api.node.clone(), (letter_id, document.len), place);
    Ok((axum::Extension(Sandboxed), headers, body).into_response())
}

/// How a letter goes out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "by": "hand" }))]
struct LetterSend {
    /// By mail: it is asked for, and the letter is sent when a mail server took it. By hand: somebody handed it over, or posted it.
    by: LetterWay,
    /// By hand: when; not before it was written, and not later than now. Now unless said.
    at: Option<Time>,
    /// The digest of the document that was looked at: where another stands by now, because somebody has changed the draft, nothing is done.
    document_sha256: Option<String>,
}

/// Have a letter mailed, or say that it was handed over. Its document is made by then, and stays.
#[utoipa::path(post, path = "/letters/{letter_id}/send", tag = "letter", params(("letter_id" = String, Path)),
    request_body = LetterSend, responses(
    (status = 200, body = LetterOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "letter_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state: it went out, was changed, its day is over, or there is no address or mail server", body = ProblemOut),
    (status = 422, description = "document_not_rendered: its content cannot be set", body = ProblemOut),
    (status = 429, description = "too_many_letters_today, one_document_at_a_time", body = ProblemOut),
    (status = 503, description = "documents_not_ready", body = ProblemOut),
))]
async fn send(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(letter_id): Path<String>,
    input: In<LetterSend>,
) -> Result<Kept, Problem> {
    if input.body.by.0 == Way::Mail && input.body.at.is_some() {
        return Err(Problem::field("at", Why::Unknown));
    }
    made(&api, account.clone(), &letter_id).await?;
    step(
        &api,
        account,
        letter_id,
        input,
        |tx, actor, id, said: LetterSend| {
            let (at, seen) = (
                said.at.map_or(tx.now(), |at| at.0),
                said.document_sha256.as_deref(),
            );
            Ok(match said.by.0 {
                Way::Mail => letters::mail(tx, actor, id, seen)?,
                Way::Hand => letters::hand_over(tx, actor, id, (at, seen))?,
            })
        },
    )
    .await
}

/// What came back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reference": "GS-2026-118", "text": "已暂缓结算，三笔，到 12 月 11 日" }))]
struct LetterAnswerIn {
    /// Under which number they keep it, at most 200 characters.
    reference: Option<String>,
    /// What they say, at most 2000 characters; needed without a file.
    text: Option<String>,
    /// The file of the incident that is their answer, by its identifier.
    attachment: Option<String>,
}

/// Write down what came back.
#[utoipa::path(post, path = "/letters/{letter_id}/answer", tag = "letter", params(("letter_id" = String, Path)),
    request_body = LetterAnswerIn, responses(
    (status = 200, body = LetterOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "letter_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn answer(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(letter_id): Path<String>,
    input: In<LetterAnswerIn>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        letter_id,
        input,
        |tx, actor, id, said: LetterAnswerIn| {
            let answered = Answered {
                reference: text_opt("reference", said.reference, SHORT_CHARS_MAX)?,
                text: text_opt("text", said.text, app::case::TEXT_CHARS_MAX)?,
                attachment_id: said.attachment,
            };
            Ok(letters::answer(tx, actor, id, answered)?)
        },
    )
    .await
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "ground": "寄错了机构" }))]
struct LetterGround {
    /// Why, in a sentence; at most 2000 characters. Needed of one that may have gone out.
    ground: Option<String>,
}

/// Take a letter back: nobody waits for an answer any more. Whoever has it is told nothing.
#[utoipa::path(post, path = "/letters/{letter_id}/withdraw", tag = "letter", params(("letter_id" = String, Path)),
    request_body = LetterGround, responses(
    (status = 200, body = LetterOut),
    (status = 403, description = "not_allowed", body = ProblemOut),
    (status = 404, description = "letter_not_found", body = ProblemOut),
    (status = 409, description = "wrong_state", body = ProblemOut),
))]
async fn withdraw(
    State(api): State<Arc<Api>>,
    auth::Actor(account): auth::Actor,
    Path(letter_id): Path<String>,
    input: In<LetterGround>,
) -> Result<Kept, Problem> {
    step(
        &api,
        account,
        letter_id,
        input,
        |tx, actor, id, said: LetterGround| {
            let ground = text_opt("ground", said.ground, app::case::TEXT_CHARS_MAX)?;
            let withdrawn = letters::withdraw(tx, actor, id, ground.as_deref());
            withdrawn.map_err(|why| match why {
                app::case::Error::TextRequired => Problem::field("ground", Why::Missing),
                why => why.into(),
            })
        },
    )
    .await
}

async fn step<B: Send + 'static>(
    api: &Api,
    account: Account,
    letter_id: String,
    input: In<B>,
    act: impl FnOnce(&Tx<'_>, &Actor, &str, B) -> Result<Letter, Problem> + Send + 'static,
) -> Result<Kept, Problem> {
    let incident_id = letter_id
        .rsplit_once("-l")
        .map(|(incident_id, _)| incident_id.to_owned());
    let work = move |tx: &Tx<'_>, actor: &Actor, body| {
        let letter = act(tx, actor, &letter_id, body)?;
        LetterOut::of(tx, &mut Names::new(tx), actor, letter)
    };
    let kept = acting(api, account, input, work).await?;
    api.node.changed(incident_id);
    Ok(kept)
}
