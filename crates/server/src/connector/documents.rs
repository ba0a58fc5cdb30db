//! Documents: `tillguard-documents`, a program of its own, run once for each.
//!
//! It takes limits on itself; here it gets no environment, a time, and few places. What it says is read up to a bound.
//!
//! Invariant: no document takes more of this process than its bytes, and none outlives who waits for it.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::{NotSet, Renderer};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Documents set at once.
const PLACES: usize = 2;
/// Documents set or waited for at once; the next one is refused.
const ASKED_MAX: usize = 10;
/// From the question to the document, and as long again for a place.
const TIME_MAX: Duration = Duration::from_secs(10);
/// A document at most, bytes.
const PDF_LEN_MAX: u64 = 16 << 20;
/// What it says of an error at most, bytes.
const SAID_LEN_MAX: u64 = 8 << 10;

/// The name of the program, beside ours.
const NAME: &str = "tillguard-documents";

/// What sets documents by the program at `path`; without one, by the program beside this one.
pub fn renderer(path: Option<PathBuf>) -> Renderer {
    let program = Arc::new(Program {
        path: path.or_else(beside),
        asked: Semaphore::new(ASKED_MAX),
        places: Semaphore::new(PLACES),
    });
    let other = program.clone();
    Renderer {
        is_ready: Arc::new(move || other.path().is_some()),
        set: Arc::new(move |job| {
            let program = program.clone();
            Box::pin(async move { program.set(job).await })
        }),
    }
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
    fn path(&self) -> Option<&PathBuf> {
        self.path.as_ref().filter(|path| path.is_file())
    }

    async fn set(&self, job: Vec<u8>) -> Result<Vec<u8>, NotSet> {
        let path = self.path().ok_or(NotSet::NotReady)?;
        let _asked = self.asked.try_acquire().map_err(|_| NotSet::NotReady)?;
        let place = timeout(TIME_MAX, self.places.acquire());
        let _place = place.await.map_err(|_| NotSet::NotReady)?;
        let (running, ends) = Running::start(path).map_err(|error| {
            tracing::error!(%error, "documents cannot be set: the program does not start");
            NotSet::NotReady
        })?;
        let heard = timeout(TIME_MAX, spawn_blocking(move || ends.talk(&job)));
        // Dropped, and so ended, when the time is over.
        let Ok(Ok(Ok(said))) = heard.await else {
            tracing::warn!("a document was not set within its time");
            return Err(NotSet::Failed);
        };
        running.end(said).await
    }
}

/// What the program said.
struct Said {
    pdf: Vec<u8>,
    error: Vec<u8>,
}

/// The error as the program writes it; its message may hold words of the data, and goes nowhere.
#[derive(Deserialize)]
struct Wrong {
    code: String,
    character: Option<char>,
}

/// A program that runs, and is ended when nobody waits for it any more.
struct Running(Option<Child>);

/// The ends of its pipes.
struct Ends {
    stdin: ChildStdin,
    stdout: std::process::ChildStdout,
    stderr: std::process::ChildStderr,
}

impl Running {
    fn start(path: &PathBuf) -> std::io::Result<(Self, Ends)> {
        let mut child = Command::new(path)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let running = Self(Some(child));
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(std::io::Error::other("no pipes"));
        };
        Ok((
            running,
            Ends {
                stdin,
                stdout,
                stderr,
            },
        ))
    }

    /// Waits for its end, and says what came of it.
    async fn end(mut self, said: Said) -> Result<Vec<u8>, NotSet> {
        let Some(mut child) = self.0.take() else {
            return Err(NotSet::Failed);
        };
        // It has closed its output: it ends now, or is ended. Too much output is what it still holds.
        let is_too_long = said.pdf.len() as u64 > PDF_LEN_MAX;
        let waited = spawn_blocking(move || match is_too_long {
            true => child.kill().and_then(|()| child.wait()),
            false => child.wait(),
        });
        let Ok(Ok(status)) = waited.await else {
            return Err(NotSet::Failed);
        };
        if status.success() && !is_too_long {
            return Ok(said.pdf);
        }
        let wrong: Option<Wrong> = serde_json::from_slice(&said.error).ok();
        let code = wrong.as_ref().map(|wrong| wrong.code.as_str());
        tracing::warn!(what = %status, code, "a document was not set");
        match wrong.and_then(|wrong| wrong.character) {
            Some(character) => Err(NotSet::Missing(character)),
            None => Err(NotSet::Failed),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // Nobody waits for it: it may have ended already.
            let _ended = child.kill().and_then(|()| child.wait());
        }
    }
}

impl Ends {
    /// Gives it the job and hears what it says; it reads all before it says anything.
    fn talk(mut self, job: &[u8]) -> std::io::Result<Said> {
        // One that refuses early closes its input, and says why.
        let _given = self.stdin.write_all(job);
        drop(self.stdin);
        let (mut pdf, mut error) = (Vec::new(), Vec::new());
        self.stdout.take(PDF_LEN_MAX + 1).read_to_end(&mut pdf)?;
        self.stderr.take(SAID_LEN_MAX).read_to_end(&mut error)?;
        Ok(Said { pdf, error })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::*;

    /// A program in place of the real one.
    fn program(folder: &tempfile::TempDir, script: &str) -> Renderer {
        let path = folder.path().join(NAME);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
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
        assert!(!(renderer.is_ready)());
        assert_eq!((renderer.set)(Vec::new()).await, Err(NotSet::NotReady));
        program(&folder, "exec /bin/cat");
        assert!((renderer.is_ready)());
        assert_eq!((renderer.set)(b"x".to_vec()).await.unwrap(), b"x");
    }

    #[tokio::test]
    async fn a_missing_sign_is_named_and_every_other_end_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let missing = "/bin/cat >/dev/null; echo '{\"code\":\"missing_glyph\",\"message\":\"m\",\"character\":\"☃\"}' >&2; exit 67";
        assert_eq!(
            (program(&folder, missing).set)(Vec::new()).await,
            Err(NotSet::Missing('☃'))
        );
        for script in ["exit 66", "echo nonsense >&2; exit 1", "kill -XCPU $$"] {
            assert_eq!(
                (program(&folder, script).set)(vec![b'x'; 1 << 20]).await,
                Err(NotSet::Failed),
                "{script}"
            );
        }
    }

    #[tokio::test]
    async fn more_than_a_document_may_have_is_no_document() {
        let folder = tempfile::tempdir().unwrap();
        let set = program(&folder, "exec /usr/bin/head -c 17000000 /dev/zero").set;
        assert_eq!(set(Vec::new()).await, Err(NotSet::Failed));
    }

    #[tokio::test]
    async fn a_program_that_never_answers_is_ended_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let set = program(
            &folder,
            &format!(
                "echo $$ > {}; exec /bin/sleep 600",
                folder.path().join("pid").display()
            ),
        )
        .set;
        let started_at = Instant::now();
        assert_eq!(set(Vec::new()).await, Err(NotSet::Failed));
        assert!(started_at.elapsed() < TIME_MAX * 2);
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        assert!(!std::path::Path::new("/proc").join(pid.trim()).exists());
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        // Ends when its input does, which the test holds back by asking for more than there are places.
        let set = program(&folder, "exec /bin/sleep 600").set;
        let mut asked: Vec<_> = (0..ASKED_MAX).map(|_| set(Vec::new())).collect();
        for one in &mut asked {
            assert!(timeout(Duration::from_millis(50), one).await.is_err());
        }
        assert_eq!(set(Vec::new()).await, Err(NotSet::NotReady));
        drop(asked);
    }
}
