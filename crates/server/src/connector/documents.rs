//! Documents: `tillguard-documents`, a program of its own, run once for each.
//!
//! It takes limits on itself; here it gets no environment, a time, and few places. What it says is read up to a bound.
//!
//! Invariant: no document takes more of this process than its bytes, and none outlives who waits for it.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::{NotSet, Renderer};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{program, scan};

/// Of the cores of the machine, the share that sets documents at once: the others are for what people wait for at a till.
const CORES_PER_PLACE: usize = 2;
/// Documents set or waited for at once; the next one is refused.
const ASKED_MAX: usize = 10;
/// For a place.
const PLACE_TIME_MAX: Duration = Duration::from_secs(4);
/// From the first start to the last end. A program ends itself after 8 s of processor time: one that takes longer was not given it.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The same for a picture: whoever has sent one waits longer than for a document.
const PICTURE_TIME_MAX: Duration = Duration::from_secs(40);
/// A program runs while nothing else wants to. After the fifth part of its time it is begun anew, behind the others and no longer after
/// them, if it was given next to nothing until then.
const IDLE_PART: u32 = 5;
/// Next to nothing: less than this part of the time.
const STARVED_PART: u32 = 4;
/// Ticks of a second, in which Linux tells programs of processor time.
const TICKS_PER_S: u64 = 100;
/// A document at most, bytes.
const PDF_LEN_MAX: u64 = 16 << 20;
/// What it says of an error at most, bytes.
const SAID_LEN_MAX: u64 = 8 << 10;

// Else whoever waits would hear that it took too long, and not what is wrong.
const _: () = assert!(
    api::OWN_TIME_MAX.as_secs() + PLACE_TIME_MAX.as_secs() + TIME_MAX.as_secs()
        < api::ANSWER_TIME_MAX.as_secs()
);
const _: () = assert!(
    scan::PLACE_TIME_MAX.as_secs()
        + scan::TIME_MAX.as_secs()
        + PLACE_TIME_MAX.as_secs()
        + PICTURE_TIME_MAX.as_secs()
        < api::UPLOADED_TIME_MAX.as_secs()
);

/// How the system ends what takes too much: no memory (SIGABRT), no processor time (SIGXCPU), and no more of it (SIGKILL).
const OF_LIMITS: [i32; 3] = [6, 24, 9];

/// The name of the program, beside ours.
const NAME: &str = "tillguard-documents";

/// What sets documents by the program at `path`; without one, by the program beside this one.
pub fn renderer(path: Option<PathBuf>) -> Renderer {
    let program = Arc::new(Program {
        // It runs elsewhere.
        path: path
            .or_else(beside)
            .and_then(|path| std::path::absolute(path).ok()),
        asked: Semaphore::new(ASKED_MAX),
        places: Semaphore::new(places()),
    });
    let other = program.clone();
    Renderer {
        is_there: Arc::new(move || other.path().is_some()),
        set: Arc::new(move |job| {
            let program = program.clone();
            Box::pin(async move { program.set(job).await })
        }),
    }
}

fn places() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / CORES_PER_PLACE).clamp(1, ASKED_MAX)
}

fn beside() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.with_file_name(NAME))
}

struct Program {
    path: Option<PathBuf>,
    asked: Semaphore,
    places: Semaphore,
}

impl Program {
    /// Where it is, if it is there: it may be built after us.
    fn path(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| path.is_file())
    }

    async fn set(&self, job: Vec<u8>) -> Result<Vec<u8>, NotSet> {
        let path = self.path().ok_or(NotSet::NotReady)?;
        let _asked = self.asked.try_acquire().map_err(|_| NotSet::NotReady)?;
        let place = timeout(PLACE_TIME_MAX, self.places.acquire());
        let _place = place.await.map_err(|_| NotSet::NotReady)?;
        let time_max = match job.starts_with(api::PICTURE_JOB) {
            true => PICTURE_TIME_MAX,
            false => TIME_MAX,
        };
        let idle = time_max / IDLE_PART;
        let mut outcome = attempt(start(path, &["idle"])?, &job, (Some(idle), time_max)).await;
        if matches!(outcome, Ok(Outcome::Starved)) {
            outcome = attempt(start(path, &[])?, &job, (None, time_max - idle)).await;
        }
        match outcome {
            Ok(Outcome::Said(said)) => said.judged(),
            Ok(Outcome::Starved | Outcome::Late) => {
                tracing::warn!("a document was not set within its time: the machine is busy");
                Err(NotSet::NotReady)
            }
            Err(error) => {
                tracing::warn!(%error, "a document was not set");
                Err(NotSet::Failed)
            }
        }
    }
}

fn start(path: &Path, arguments: &[&str]) -> Result<Child, NotSet> {
    let child = program::command(path)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    child.map_err(|error| {
        tracing::error!(%error, "documents cannot be set: the program does not start");
        NotSet::NotReady
    })
}

/// What comes of a program that was started.
enum Outcome {
    /// It ended by itself.
    Said(Said),
    /// It was ended: it had been given next to nothing of a processor.
    Starved,
    /// It was ended: its time was over.
    Late,
}

/// Has a program do the job within `time_max`; one that is starved after `idle` is ended then.
async fn attempt(
    mut child: Child,
    job: &[u8],
    (idle, time_max): (Option<Duration>, Duration),
) -> std::io::Result<Outcome> {
    let id = child.id();
    let outcome = {
        let mut talking = pin!(talk(&mut child, job));
        match (timeout(idle.unwrap_or(time_max), &mut talking).await, idle) {
            (Ok(said), _) => return said.map(Outcome::Said),
            (Err(_), Some(idle)) if id.is_some_and(|id| is_starved(id, idle)) => Outcome::Starved,
            (Err(_), Some(idle)) => match timeout(time_max - idle, talking).await {
                Ok(said) => return said.map(Outcome::Said),
                Err(_) => Outcome::Late,
            },
            (Err(_), None) => Outcome::Late,
        }
    };
    program::end(child).await;
    Ok(outcome)
}

/// Whether a process has been given next to nothing of a processor in a time (proc_pid_stat(5), fields 14 and 15). Where the system does
/// not say it, it was.
fn is_starved(id: u32, time: Duration) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name before may hold anything, and ends with the last bracket.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace();
    let ticks: u64 = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    let given = Duration::from_millis(ticks.saturating_mul(1_000 / TICKS_PER_S));
    given < time / STARVED_PART
}

/// What the program said, and how it ended.
struct Said {
    pdf: Vec<u8>,
    error: Vec<u8>,
    status: ExitStatus,
}

/// The error as the program writes it; its message may hold words of the data, and is not logged.
#[derive(Deserialize)]
struct Wrong {
    code: String,
    #[serde(default)]
    message: String,
    character: Option<char>,
}

/// Gives it the job, hears what it says, and waits for its end.
async fn talk(child: &mut Child, job: &[u8]) -> std::io::Result<Said> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // One that refuses early closes its input, and says why.
            let _given = stdin.write_all(job).await;
        }
    };
    let ((), pdf, error) = tokio::join!(give, heard(stdout, PDF_LEN_MAX + 1), heard(stderr, SAID_LEN_MAX));
    Ok(Said {
        pdf: pdf?,
        error: error?,
        status: child.wait().await?,
    })
}

/// All that comes, or so much of it; the end it comes from is closed then.
async fn heard(from: Option<impl AsyncRead + Unpin>, len_max: u64) -> std::io::Result<Vec<u8>> {
    let mut all = Vec::new();
    if let Some(from) = from {
        from.take(len_max).read_to_end(&mut all).await?;
    }
    Ok(all)
}

impl Said {
    /// The document, or why there is none: what it names is wrong with the job; all else is wrong with us.
    fn judged(self) -> Result<Vec<u8>, NotSet> {
        let is_too_long = self.pdf.len() as u64 > PDF_LEN_MAX;
        if self.status.success() && !is_too_long {
            return Ok(self.pdf);
        }
        let wrong: Option<Wrong> = serde_json::from_slice(&self.error).ok();
        let (status, code) = (self.status, wrong.as_ref().map(|wrong| wrong.code.clone()));
        tracing::warn!(what = %status, code, "a document was not set");
        Err(match wrong {
            Some(Wrong {
                code,
                message,
                character,
            }) => match (code.as_str(), character) {
                ("missing_glyph", Some(character)) => NotSet::Missing(character),
                ("not_set" | "too_large", _) => NotSet::Wrong(message),
                _ => NotSet::Failed,
            },
            None if is_too_long => NotSet::Wrong(String::new()),
            None if status.signal().is_some_and(|signal| OF_LIMITS.contains(&signal)) => NotSet::TooMuch,
            None => NotSet::Failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A program in place of the real one.
    fn program(folder: &tempfile::TempDir, script: &str) -> Renderer {
        let path = folder.path().join(NAME);
        program::script(&path, script);
        renderer(Some(path))
    }

    #[tokio::test]
    async fn the_document_is_what_the_program_writes_and_it_has_no_environment() {
        let folder = tempfile::tempdir().unwrap();
        let set = program(
            &folder,
            "test -z \"$HOME$CARGO_MANIFEST_DIR\" && printf %%PDF- && exec /bin/cat",
        )
        .set;
        assert_eq!(set(b"job".to_vec()).await.unwrap(), b"%PDF-job");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_not_ready_and_one_that_comes_is() {
        let folder = tempfile::tempdir().unwrap();
        let renderer = renderer(Some(folder.path().join(NAME)));
        assert!(!(renderer.is_there)());
        assert_eq!((renderer.set)(Vec::new()).await, Err(NotSet::NotReady));
        program(&folder, "exec /bin/cat");
        assert!((renderer.is_there)());
        assert_eq!((renderer.set)(b"x".to_vec()).await.unwrap(), b"x");
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_job_is_told_from_what_is_wrong_with_us() {
        let folder = tempfile::tempdir().unwrap();
        let missing = "/bin/cat >/dev/null; echo '{\"code\":\"missing_glyph\",\"message\":\"m\",\"character\":\"☃\"}' >&2; exit 67";
        assert_eq!(
            (program(&folder, missing).set)(Vec::new()).await,
            Err(NotSet::Missing('☃'))
        );
        for code in ["not_set", "too_large"] {
            let script =
                format!("/bin/cat >/dev/null; echo '{{\"code\":\"{code}\",\"message\":\"m\"}}' >&2; exit 66");
            assert_eq!(
                (program(&folder, &script).set)(Vec::new()).await,
                Err(NotSet::Wrong("m".into())),
                "{code}"
            );
        }
        for script in [
            "exit 66",
            "echo nonsense >&2; exit 1",
            "kill -TERM $$",
            "echo '{\"code\":\"system\",\"message\":\"m\"}' >&2; exit 71",
            "echo '{\"code\":\"not_a_job\",\"message\":\"m\"}' >&2; exit 64",
        ] {
            assert_eq!(
                (program(&folder, script).set)(vec![b'x'; 1 << 20]).await,
                Err(NotSet::Failed),
                "{script}"
            );
        }
        for signal in ["XCPU", "ABRT", "KILL"] {
            let ended = program(&folder, &format!("kill -{signal} $$")).set;
            assert_eq!(ended(Vec::new()).await, Err(NotSet::TooMuch), "{signal}");
        }
    }

    #[tokio::test]
    async fn more_than_a_document_may_have_is_no_document() {
        let folder = tempfile::tempdir().unwrap();
        let set = program(&folder, "exec /usr/bin/head -c 17000000 /dev/zero").set;
        assert_eq!(set(Vec::new()).await, Err(NotSet::Wrong(String::new())));
    }

    #[tokio::test]
    async fn a_program_that_never_ends_is_ended_with_its_time() {
        async fn ended(stays: &str) {
            let folder = tempfile::tempdir().unwrap();
            let pid = folder.path().join("pid");
            let set = program(&folder, &format!("echo $$ > {}; {stays}", pid.display())).set;
            let started_at = Instant::now();
            assert_eq!(set(Vec::new()).await, Err(NotSet::NotReady), "{stays}");
            assert!(started_at.elapsed() < TIME_MAX * 2, "{stays}");
            let pid = std::fs::read_to_string(pid).unwrap();
            let runs = Path::new("/proc").join(pid.trim());
            assert!(!runs.exists(), "{stays}");
        }
        // The second has nothing to say any more, and stays.
        tokio::join!(
            ended("exec /bin/sleep 600"),
            ended("exec >&- 2>&-; exec /bin/sleep 600")
        );
    }

    #[tokio::test]
    async fn one_that_gets_no_processor_is_begun_anew_and_one_that_works_is_not() {
        // As on a machine without a quiet moment: what runs only then does nothing.
        let folder = tempfile::tempdir().unwrap();
        let set = program(
            &folder,
            "test \"$1\" = idle && exec /bin/sleep 600; exec /bin/cat",
        )
        .set;
        let started_at = Instant::now();
        assert_eq!(set(b"job".to_vec()).await.unwrap(), b"job");
        assert!(started_at.elapsed() >= TIME_MAX / IDLE_PART);
        // It works, and is never done: whoever began it anew would find a second line.
        let begun = folder.path().join("begun");
        let set = program(
            &folder,
            &format!("echo \"$1\" >> {}; while :; do :; done", begun.display()),
        )
        .set;
        assert_eq!(set(Vec::new()).await, Err(NotSet::NotReady));
        assert_eq!(std::fs::read_to_string(begun).unwrap(), "idle\n");
    }

    #[tokio::test]
    async fn a_path_from_here_is_one_from_everywhere() {
        let here = std::env::current_dir().unwrap();
        let folder = tempfile::tempdir_in(&here).unwrap();
        program(&folder, "exec /bin/cat");
        let path = folder.path().strip_prefix(&here).unwrap().join(NAME);
        let set = renderer(Some(path)).set;
        assert_eq!(set(b"x".to_vec()).await.unwrap(), b"x");
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        // Nobody is answered while the test lasts.
        let set = program(&folder, "exec /bin/sleep 600").set;
        let mut asked: Vec<_> = (0..ASKED_MAX).map(|_| set(Vec::new())).collect();
        for one in &mut asked {
            assert!(timeout(Duration::from_millis(50), one).await.is_err());
        }
        assert_eq!(set(Vec::new()).await, Err(NotSet::NotReady));
        drop(asked);
    }
}
