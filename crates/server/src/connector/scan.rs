//! Looking for viruses: a program of whoever runs the node, given a file on its standard input.
//!
//! It says what it found by how it ends: 0, nothing; 1, something; anything else, that it cannot say. It gets no environment and no
//! place on disk, and what it writes is not read.
//!
//! Invariant: what did not say *nothing* in time is never called clean.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use api::{Scanned, Scanner};
use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::program;

/// Files looked at once.
const PLACES: usize = 2;
/// For a place.
pub(super) const PLACE_TIME_MAX: Duration = Duration::from_secs(10);
/// From its start to the program's end. A test waits until it is over.
pub(super) const TIME_MAX: Duration = Duration::from_secs(if cfg!(test) { 5 } else { 30 });

/// What looks for viruses by the program at `path`.
pub fn scanner(path: PathBuf) -> Scanner {
    // It runs elsewhere.
    let path = Arc::new(std::path::absolute(&path).unwrap_or(path));
    let places = Arc::new(Semaphore::new(PLACES));
    Arc::new(move |file| {
        let (path, places) = (path.clone(), places.clone());
        Box::pin(async move { look(&path, &places, file).await })
    })
}

async fn look(path: &Path, places: &Semaphore, file: Vec<u8>) -> Scanned {
    let Ok(Ok(_place)) = timeout(PLACE_TIME_MAX, places.acquire()).await else {
        tracing::warn!("a file was not looked at for viruses: others are");
        return Scanned::NotScanned;
    };
    let mut child = match program::command(path).spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(%error, "files cannot be looked at for viruses: the program does not run");
            return Scanned::NotScanned;
        }
    };
    match timeout(TIME_MAX, run(&mut child, &file)).await {
        Ok(Ok(status)) => judged(status),
        Ok(Err(error)) => {
            tracing::error!(%error, "a file was not looked at for viruses");
            Scanned::NotScanned
        }
        Err(_) => {
            program::end(child).await;
            tracing::warn!("a file was not looked at for viruses within its time");
            Scanned::NotScanned
        }
    }
}

fn judged(status: ExitStatus) -> Scanned {
    match status.code() {
        Some(0) => Scanned::Clean,
        Some(1) => Scanned::Found,
        _ => {
            tracing::warn!(what = %status, "a file was not looked at for viruses");
            Scanned::NotScanned
        }
    }
}

/// Gives it the file and waits for its end.
async fn run(child: &mut Child, file: &[u8]) -> std::io::Result<ExitStatus> {
    let stdin = child.stdin.take();
    let give = async {
        match stdin {
            Some(mut stdin) => stdin.write_all(file).await.is_ok(),
            None => false,
        }
    };
    let (is_given, status) = tokio::join!(give, child.wait());
    let status = status?;
    // What has not read all of it has not looked at all of it, unless it found something before.
    match !is_given && status.success() {
        true => Err(std::io::Error::other("it did not read the file to its end")),
        false => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn program(folder: &tempfile::TempDir, script: &str) -> Scanner {
        let path = folder.path().join("scan");
        program::script(&path, script);
        scanner(path)
    }

    #[tokio::test]
    async fn a_file_is_what_the_program_says_by_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let large = vec![b'a'; 1 << 20];
        for (script, said) in [
            ("/bin/cat >/dev/null", Scanned::Clean),
            (
                "test -z \"$HOME$CARGO_MANIFEST_DIR\" && /bin/cat >/dev/null",
                Scanned::Clean,
            ),
            ("/bin/grep -q EICAR && exit 1; exit 0", Scanned::Clean),
            // It stops reading where it has found something.
            ("exit 1", Scanned::Found),
            ("/bin/cat >/dev/null; exit 2", Scanned::NotScanned),
            ("kill -KILL $$", Scanned::NotScanned),
            // All of it was not looked at.
            ("exit 0", Scanned::NotScanned),
        ] {
            let scan = program(&folder, script);
            assert_eq!(scan(large.clone()).await, said, "{script}");
        }
        let scan = program(&folder, "/bin/grep -q EICAR && exit 1; exit 0");
        assert_eq!(scan(b"an EICAR file".to_vec()).await, Scanned::Found);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_has_not_looked() {
        let folder = tempfile::tempdir().unwrap();
        let scan = scanner(folder.path().join("none"));
        assert_eq!(scan(b"x".to_vec()).await, Scanned::NotScanned);
    }

    #[tokio::test]
    async fn a_program_that_never_ends_is_ended_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let scan = program(
            &folder,
            &format!("echo $$ > {}; exec /bin/sleep 600", pid.display()),
        );
        let began = Instant::now();
        assert_eq!(scan(b"x".to_vec()).await, Scanned::NotScanned);
        assert!(began.elapsed() < TIME_MAX * 2);
        let pid = std::fs::read_to_string(pid).unwrap();
        let runs = Path::new("/proc").join(pid.trim());
        assert!(!runs.exists());
    }
}
