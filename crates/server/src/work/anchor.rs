//! Having the audit log's newest checkpoint kept outside the node: stamped by an authority, in a folder, in somebody's mailbox.
//!
//! Invariant: a place that fails keeps no other from being tried; each gets one an hour at most, and that only when the log has grown.
//! Only a node that dies, or loses the store, before it wrote down that a place has one may give it another.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::audit::{ANCHOR_EVERY_MS, Checkpoint, Place};
use domain::work::Work;
use lettre::Address;
use sha2::{Digest, Sha256};
use store::{Error, Tx};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Tried, mail};
use crate::connector::mail::{Attachment, Mail, Patience, Sent};
use crate::connector::timestamp::Authority;
use node::Node;

/// How soon it is looked again: whether the log has grown and an hour is over, or whether what failed is mended.
const LOOK_EVERY_MS: i64 = 5 * 60_000;
const LOOK_EVERY: Duration = Duration::from_millis(LOOK_EVERY_MS.unsigned_abs());
/// The same where a place may have got one.
const UNKNOWN_EVERY: Duration = Duration::from_millis(ANCHOR_EVERY_MS.unsigned_abs());
/// Less than for a letter: one claim is for all places, and another try does no harm.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    before: Duration::from_secs(10),
    message: Duration::from_secs(15),
};
/// How long a folder is waited for.
pub const FOLDER_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest that a mail takes: connection, encryption, what comes before the message, the message, the farewell.
#[cfg(test)]
pub const MAIL_TIME_MAX: Duration = Duration::from_secs(5 + 5 + 10 + 15 + 1);

/// Where checkpoints are kept besides.
#[derive(Clone, Debug, Default)]
pub struct Anchors {
    /// Who signs when they were there.
    pub authority: Option<Authority>,
    /// A folder outside the node.
    pub folder: Option<Folder>,
    /// A mailbox outside the house.
    pub mail: Option<Address>,
}

/// A folder outside the node. It may be a share that hangs, and what is asked of a file cannot be called off: so one thread at a
/// time asks, which no worker of the runtime and no end of the node waits for. Clones are the same folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    is_asked: Arc<AtomicBool>,
}

/// What became of it at one place: what was given for it, or why it is not kept there.
type Kept = Result<Option<Vec<u8>>, Failed>;

/// Why a place does not have it, and when it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Failed {
    why: &'static str,
    wait: Duration,
}

const NOT_TAKEN: Failed = Failed {
    why: "the checkpoint’s mail was not taken",
    wait: LOOK_EVERY,
};

/// It does not have it for sure.
const fn failed<T>(why: &'static str) -> Result<T, Failed> {
    let wait = LOOK_EVERY;
    Err(Failed { why, wait })
}

/// Has the newest checkpoint kept wherever it is due.
pub async fn run(node: &Arc<Node>, anchors: &Anchors, work: &Work) -> Result<Tried, Error> {
    if let Some(Failed { why, wait }) = keep(node, anchors).await? {
        return Ok(Tried::Later(why, wait));
    }
    let claimed = work.clone();
    let again = move |tx: &Tx<'_>| app::work::again(tx, &claimed, tx.now().plus_ms(LOOK_EVERY_MS));
    let _is_ours: bool = node.write::<_, Error>(again).await?;
    Ok(Tried::Done)
}

/// Tries every place; of those that failed, the one that is to wait longest.
async fn keep(node: &Arc<Node>, anchors: &Anchors) -> Result<Option<Failed>, Error> {
    let mut failed: Option<Failed> = None;
    for place in Place::ALL {
        let due = node.read(move |tx| app::audit::to_anchor(tx, place)).await?;
        let Some(checkpoint) = due else { continue };
        let kept = match (place, &anchors.authority, &anchors.folder, &anchors.mail) {
            (Place::Timestamp, Some(authority), _, _) => stamp(authority, &checkpoint).await,
            (Place::Folder, _, Some(folder), _) => folder.take(&checkpoint).await,
            (Place::Mail, _, _, Some(to)) => send(node, to, &checkpoint).await?,
            _ => continue,
        };
        match kept {
            Ok(token) => anchored(node, checkpoint.size, place, token).await?,
            Err(why) if failed.is_some_and(|failed| failed.wait > why.wait) => {}
            Err(why) => failed = Some(why),
        }
    }
    Ok(failed)
}

async fn anchored(node: &Node, size: i64, place: Place, token: Option<Vec<u8>>) -> Result<(), Error> {
    node.write(move |tx: &Tx<'_>| app::audit::anchored(tx, size, place, token))
        .await
}

async fn stamp(authority: &Authority, checkpoint: &Checkpoint) -> Kept {
    let nonce = node::seal::random().or(failed("no randomness from the system"))?;
    let digest = Sha256::digest(&checkpoint.note).into();
    match authority.stamp(None, &digest, &nonce).await {
        Ok(token) => Ok(Some(token)),
        Err(trouble) => {
            tracing::warn!(?trouble, "no time stamp for the audit log");
            failed("no time stamp was given")
        }
    }
}

impl Folder {
    /// The folder of that name.
    pub fn new(path: PathBuf) -> Self {
        let is_asked = Arc::default();
        Self { path, is_asked }
    }

    /// Puts a checkpoint into it.
    async fn take(&self, checkpoint: &Checkpoint) -> Kept {
        let (path, note) = (self.path.join(file_name(checkpoint)), checkpoint.note.clone());
        let write = move || node::file::replace_elsewhere(&path, note.as_bytes(), None);
        self.ask(FOLDER_TIME_MAX, write).await
    }

    async fn ask(&self, time_max: Duration, write: impl FnOnce() -> io::Result<()> + Send + 'static) -> Kept {
        if self.is_asked.swap(true, Ordering::AcqRel) {
            return failed("the folder has not answered yet");
        }
        let asking = Asking(self.is_asked.clone());
        let (done, written) = oneshot::channel();
        let ask = move || {
            let said = write();
            drop(asking);
            let _ = done.send(said);
        };
        let written = match std::thread::Builder::new().spawn(ask) {
            Ok(_) => timeout(time_max, written).await,
            Err(error) => Ok(Ok(Err(error))),
        };
        let Ok(written) = written else {
            tracing::error!("the folder for checkpoints does not answer");
            return failed("the folder does not answer");
        };
        match written.unwrap_or_else(|_| Err(io::Error::other("the thread broke off"))) {
            Ok(()) => Ok(None),
            Err(error) => {
                tracing::error!(%error, "a checkpoint cannot be written into its folder");
                failed("the checkpoint could not be written")
            }
        }
    }
}

/// That a thread asks; however it ends.
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A name that no other checkpoint has.
fn file_name(checkpoint: &Checkpoint) -> String {
    let name = origin(checkpoint).replace('/', "-");
    format!("{name}-{:012}.checkpoint", checkpoint.size)
}

/// The log that it is of.
fn origin(checkpoint: &Checkpoint) -> &str {
    checkpoint.note.lines().next().unwrap_or_default()
}

/// Mails it. One that may have gone out goes out again: its name lets the reader tell that it is the same.
async fn send(node: &Arc<Node>, to: &Address, checkpoint: &Checkpoint) -> Result<Kept, Error> {
    let post = match mail::post(node).await? {
        Ok(post) => post,
        Err(why) => return Ok(failed(why)),
    };
    let file = file_name(checkpoint);
    let mail = Mail {
        attachments: vec![Attachment {
            name: file.clone(),
            // As bytes, so that nobody on the way changes the ends of its lines.
            mime: "application/octet-stream".into(),
            bytes: checkpoint.note.clone().into_bytes(),
        }],
        ..post.mail(
            &file,
            to.to_string(),
            subject(checkpoint),
            TEXT.replace("FILE", &file),
        )
    };
    Ok(became(post.server.patient(PATIENCE).send(&mail).await))
}

/// What the server said is for no log: there may be addresses in it.
fn became(sent: Sent) -> Kept {
    let failed = match sent {
        Sent::Accepted { .. } => return Ok(None),
        Sent::Unknown { .. } => Failed {
            why: "nobody knows whether the checkpoint’s mail was taken",
            wait: UNKNOWN_EVERY,
        },
        Sent::Refused { .. } | Sent::NotSent { .. } => NOT_TAKEN,
    };
    tracing::warn!(reason = failed.why, "the audit log's checkpoint was not mailed");
    Err(failed)
}

fn subject(checkpoint: &Checkpoint) -> String {
    let (origin, size) = (origin(checkpoint), checkpoint.size);
    format!("审计日志检查点 / Audit log checkpoint: {origin}, {size}")
}

const TEXT: &str = "\
请保存这封邮件。附件是审计日志最新的检查点：留着它，日后就能查出此前的记录是否被改动、删去或添加。

Please keep this mail. Attached is the newest checkpoint of the audit log: whoever has it can find out for ever whether anything before \
it was changed, left out or put in.

tillguard verify … --checkpoint FILE
";

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::sync::mpsc;
    use std::time::Instant;

    use api::setting::SMTP_URL;
    use domain::Timestamp;
    use domain::actor::By;
    use domain::audit::Task;
    use domain::event::Subject;
    use domain::money::Currency;
    use domain::setting::{Language, Mode, Settings};
    use domain::work::Id;
    use mail_parser::{MessageParser, MimeHeaders};
    use node::seal::{Purpose, Sealer};
    use simulator::mail::{Fault, Faults, MailConfig, MailServer, Verb};
    use store::event::{self, New};
    use tempfile::TempDir;
    use tlog::Signer;

    use super::*;

    /// A node with a log, and a mail server.
    struct House {
        node: Arc<Node>,
        clock: Arc<AtomicI64>,
        signer: Arc<Signer>,
        server: MailServer,
        folder: TempDir,
    }

    impl House {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(AtomicI64::new(1_800_000_000_000));
            let time = clock.clone();
            let now = Arc::new(move || Timestamp(time.load(Ordering::Relaxed)));
            let store = store::Store::open(&folder.path().join("store.db"), now).unwrap();
            let signer = Arc::new(Signer::new("tillguard.test/audit", &[5; 32]).unwrap());
            let house = Self {
                node: Node::new("node-1".into(), store, Sealer::new(&[7; 32])).unwrap(),
                clock,
                signer: signer.clone(),
                server: MailServer::start(MailConfig::default()).await.unwrap(),
                folder,
            };
            house.write(move |tx| {
                let key = signer.key();
                app::audit::begin(tx, key.name(), key.public_key(), b"sealed")?;
                app::work::enqueue_recurring(tx)
            });
            house
        }

        fn write<T: Send + 'static>(
            &self,
            work: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
        ) -> T {
            self.node.store.write(work).unwrap()
        }

        /// Says where mails go out.
        fn set_up_mail(&self) {
            let url = format!("smtp://{}", self.server.addr());
            let sealed = self.node.sealer.seal(Purpose::Setting, SMTP_URL, url.as_bytes());
            let currency = Currency::parse("CNY").unwrap();
            let settings = Settings {
                mail_from: Some("Tillguard <stop@house.test>".into()),
                smtp_url_sealed: Some(sealed.unwrap()),
                ..Settings::new(Mode::Shop, Language::English, "Asia/Shanghai", currency)
            };
            self.write(move |tx| store::setting::insert(tx, &settings));
        }

        /// Something happens, and the log grows by it.
        fn grow(&self) {
            let signer = self.signer.clone();
            let grown = self.node.store.write(move |tx: &Tx<'_>| {
                let new = New {
                    subject: Subject::Terminal,
                    subject_id: "10450001",
                    at: tx.now(),
                    verb: "change",
                    by: By::person("chen.yan"),
                    text: None,
                    ledger_sequence: None,
                };
                event::append(tx, new)?;
                let work = store::work::get(tx, &Id::audit(Task::Events))?.unwrap();
                app::audit::run(tx, &work, &signer, &[3; 32])
            });
            grown.unwrap();
        }

        fn pass(&self, ms: i64) {
            self.clock.fetch_add(ms, Ordering::Relaxed);
        }

        async fn keep(&self, anchors: &Anchors) -> Option<&'static str> {
            self.failed(anchors).await.map(|failed| failed.why)
        }

        async fn failed(&self, anchors: &Anchors) -> Option<Failed> {
            keep(&self.node, anchors).await.unwrap()
        }

        /// Name and attachment of each mail that came.
        fn mails(&self) -> Vec<(String, String)> {
            let mails = self.server.mails();
            let read = mails.iter().map(|taken| {
                assert_eq!(taken.to, ["notary@elsewhere.test"]);
                let mail = MessageParser::default().parse(&taken.message).unwrap();
                let attached = mail.attachment(0).unwrap();
                assert!(attached.attachment_name().unwrap().ends_with(".checkpoint"));
                let note = String::from_utf8(attached.contents().to_vec()).unwrap();
                (mail.message_id().unwrap().to_owned(), note)
            });
            read.collect()
        }

        fn newest(&self) -> Checkpoint {
            let newest = self
                .node
                .store
                .read(|tx: &Tx<'_>| store::audit::checkpoint(tx, None));
            newest.unwrap().unwrap()
        }

        fn fails_at(&self, at: Option<(Verb, Fault)>) {
            self.server.faults().set(Faults {
                at,
                ..Faults::default()
            });
        }
    }

    fn by_mail() -> Anchors {
        Anchors {
            mail: Some("notary@elsewhere.test".parse().unwrap()),
            ..Anchors::default()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_checkpoint_is_mailed_once_an_hour_and_only_when_the_log_has_grown() {
        let house = House::new().await;
        house.set_up_mail();
        assert_eq!(house.keep(&by_mail()).await, None, "there is none yet");
        house.grow();
        for _ in 0..2 {
            assert_eq!(house.keep(&by_mail()).await, None);
            assert_eq!(house.mails().len(), 1);
        }
        assert_eq!(house.mails()[0].1, house.newest().note);
        tlog::Checkpoint::verify(house.signer.key(), &house.mails()[0].1).unwrap();
        house.grow();
        house.pass(ANCHOR_EVERY_MS - 1);
        house.keep(&by_mail()).await;
        assert_eq!(house.mails().len(), 1, "before the hour was over");
        house.pass(1);
        house.keep(&by_mail()).await;
        house.pass(ANCHOR_EVERY_MS);
        house.keep(&by_mail()).await;
        let mails = house.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert_eq!(mails[1].1, house.newest().note);
        assert_ne!(mails[0].0, mails[1].0);
        // A clock that was put back by years keeps nobody waiting for years.
        house.grow();
        house.pass(-1_000 * ANCHOR_EVERY_MS);
        house.keep(&by_mail()).await;
        assert_eq!(house.mails().len(), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_mail_that_nobody_knows_of_goes_out_again_under_its_name() {
        let house = House::new().await;
        house.grow();
        let not_set_up = house.keep(&by_mail()).await;
        assert_eq!(not_set_up, Some("no mail server is set up"));
        house.set_up_mail();
        let refuses = Fault::Says("550 5.1.1 nobody here".into());
        house.fails_at(Some((Verb::Recipient, refuses)));
        assert_eq!(house.failed(&by_mail()).await, Some(NOT_TAKEN));
        house.fails_at(Some((Verb::End, Fault::Closes)));
        // It may have gone out, and the mailbox gets one an hour at most: also where another place is to be tried sooner.
        let broken = Anchors {
            authority: Some("http://127.0.0.1:1".parse().unwrap()),
            folder: Some(Folder::new(house.folder.path().join("gone"))),
            ..by_mail()
        };
        let unknown = house.failed(&broken).await.unwrap();
        assert!(unknown.why.contains("nobody knows"), "{unknown:?}");
        assert_eq!(unknown.wait.as_millis(), ANCHOR_EVERY_MS as u128);
        house.fails_at(None);
        for _ in 0..2 {
            assert_eq!(house.keep(&by_mail()).await, None);
        }
        let mails = house.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        assert_eq!(mails[0], mails[1]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_place_that_fails_keeps_no_other_from_getting_it() {
        let house = House::new().await;
        house.set_up_mail();
        house.grow();
        let broken = Anchors {
            folder: Some(Folder::new(house.folder.path().join("gone"))),
            ..by_mail()
        };
        for _ in 0..2 {
            let said = house.keep(&broken).await;
            assert_eq!(said, Some("the checkpoint could not be written"));
            assert_eq!(house.mails().len(), 1);
        }
    }

    fn a_checkpoint() -> Checkpoint {
        Checkpoint {
            size: 7,
            at: Timestamp(1),
            note: "tillguard-00112233/audit\n7\nroot\n".into(),
        }
    }

    #[tokio::test]
    async fn a_checkpoint_is_dropped_whole_and_the_same_again_is_the_same() {
        let (place, checkpoint) = (tempfile::tempdir().unwrap(), a_checkpoint());
        let folder = Folder::new(place.path().to_owned());
        for _ in 0..2 {
            assert_eq!(folder.take(&checkpoint).await, Ok(None));
            let names = std::fs::read_dir(place.path()).unwrap();
            let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, ["tillguard-00112233-audit-000000000007.checkpoint"]);
        }
        let kept = std::fs::read_to_string(place.path().join(file_name(&checkpoint)));
        assert_eq!(kept.unwrap(), checkpoint.note);
        let gone = Folder::new(place.path().join("gone"));
        for _ in 0..2 {
            assert_eq!(
                gone.take(&checkpoint).await,
                failed("the checkpoint could not be written")
            );
        }
    }

    #[test]
    fn a_folder_that_hangs_holds_one_thread_and_neither_a_worker_nor_the_end() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let (answer, hangs) = mpsc::channel::<()>();
        let runtime = || {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
        };
        let first = runtime().unwrap();
        first.block_on(async {
            let hang = move || hangs.recv().map_err(io::Error::other);
            let said = folder.ask(Duration::from_millis(20), hang).await;
            assert_eq!(said, failed("the folder does not answer"));
            for _ in 0..3 {
                let said = folder.clone().take(&a_checkpoint()).await;
                assert_eq!(said, failed("the folder has not answered yet"));
            }
        });
        // Here a task of the runtime's own would be waited for.
        drop(first);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        answer.send(()).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while folder.is_asked.load(Ordering::Acquire) {
            assert!(
                Instant::now() < until,
                "it is taken for asked though it has answered"
            );
            std::thread::yield_now();
        }
        let taken = runtime().unwrap().block_on(folder.take(&a_checkpoint()));
        assert_eq!(taken, Ok(None));
    }
}
