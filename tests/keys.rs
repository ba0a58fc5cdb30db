//! Data keys from the environment, and wrapped by a token: the real binary starts with them, is given new ones, and refuses
//! whatever is not as it must be, without a word of a key or a PIN.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tests::{Folder, House, SoftToken, admin_with, until};

const VARIABLE: &str = "TILLGUARD_DATA_KEY";
const PIN: &str = "7391-canary-pin";
const WRONG_PIN: &str = "1937-canary-pin";
const TOKEN: &str = "tillguard tests";
const KEY: &str = "data key wrapper";

/// A house that may be given variables, and is never silent about anything but secrets.
struct Place {
    folder: Folder,
    /// What nothing that anybody says may contain.
    secrets: Vec<String>,
}

impl Place {
    fn new() -> Result<Self> {
        Ok(Self {
            folder: Folder::new()?,
            secrets: vec![PIN.into(), WRONG_PIN.into()],
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.data().join("data.key")
    }

    /// As it is written, in either case, and as the bytes that are meant.
    fn want_no_secret(&self, said: &[u8]) -> Result<()> {
        let text = said.to_ascii_lowercase();
        for secret in &self.secrets {
            let is_in = contains(&text, secret.to_ascii_lowercase().as_bytes())
                || unhex(secret).is_some_and(|bytes| contains(said, &bytes));
            ensure!(!is_in, "a secret is in what was said");
        }
        Ok(())
    }

    /// The same of every file in the data folder; answers how many there are.
    fn want_no_secret_in_files(&self) -> Result<usize> {
        let (mut folders, mut count) = (vec![self.data()], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                count += 1;
                let looked = self.want_no_secret(&std::fs::read(&path)?);
                looked.with_context(|| path.display().to_string())?;
            }
        }
        Ok(count)
    }

    /// Everything a node said, at every level of the log.
    fn said(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.folder.path().join("node-1.said.txt"))?)
    }

    /// Starts a node and ends it again.
    async fn starts(&self, flags: &[&str], variables: &[(&str, &str)]) -> Result<()> {
        let house = House::start_with(self.folder.path(), "node-1", flags, variables).await?;
        house.ask_to_end().await?;
        self.want_no_secret(&self.said()?)
    }

    /// Why a node does not start.
    async fn refused(&self, flags: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let house = House::start_with(self.folder.path(), "node-1", flags, variables).await;
        let refused = house
            .err()
            .with_context(|| format!("it started with {flags:?}"))?;
        self.want_no_secret(&self.said()?)?;
        Ok(format!("{refused:#}"))
    }

    /// What `tillguard admin` says.
    fn admin(&self, words: &[&str], flags: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let output = admin_with(self.folder.path(), &[words, flags].concat(), "", variables)?;
        self.want_no_secret(&output.stdout)?;
        self.want_no_secret(&output.stderr)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{wrong}");
        Ok(said)
    }

    /// The audit log's key, which is sealed in the store: whoever reads the same one has the same data key.
    fn log_key(&self, flags: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        self.admin(&["audit", "key"], flags, variables)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn key(byte: u8) -> String {
    format!("{byte:02x}").repeat(32)
}

fn lines(file: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn write(file: &Path, lines: &[String]) -> Result<()> {
    Ok(std::fs::write(file, lines.join("\n") + "\n")?)
}

fn wants(said: &str, words: &[&str]) -> Result<()> {
    for word in words {
        ensure!(said.contains(word), "{word:?} is not in: {said}");
    }
    Ok(())
}

/// Has everything moved; the claim of a node that was killed in the midst of it must have run out.
async fn moved(reseal: impl Fn() -> Result<String>) -> Result<()> {
    let done = ["not needed any more", "everything is sealed with the newest key"];
    until("everything to be moved", async || {
        let said = reseal()?;
        Ok(done.iter().any(|done| said.contains(done)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn keys_come_from_the_environment_are_changed_there_and_are_missed() -> Result<()> {
    let mut place = Place::new()?;
    place.secrets.extend([key(0xa1), key(0xa2), key(0xa3)]);
    let one = key(0xa1);
    place.starts(&[], &[(VARIABLE, &one)]).await?;
    ensure!(!place.file().exists(), "a file was made beside the variable");
    let log_key = place.log_key(&[], &[(VARIABLE, &one)])?;

    // Without it nothing starts, and nothing is made in its place.
    wants(&place.refused(&[], &[]).await?, &["is missing", "bring it back"])?;
    ensure!(!place.file().exists(), "another key was made");
    wants(
        &place.refused(&[], &[(VARIABLE, &key(0xa2))]).await?,
        &[VARIABLE, "lacks the key"],
    )?;

    // The next one is learnt, then it seals, then everything is moved to it.
    let file = format!("# a note, with a comma\n{}\n{one}\n", key(0xa2));
    place.starts(&[], &[(VARIABLE, &file)]).await?;
    let both = format!("{one},{}", key(0xa2));
    place.starts(&[], &[(VARIABLE, &both)]).await?;
    moved(|| place.admin(&["reseal"], &[], &[(VARIABLE, &both)])).await?;
    let two = key(0xa2);
    place.starts(&[], &[(VARIABLE, &two)]).await?;
    ensure!(place.log_key(&[], &[(VARIABLE, &two)])? == log_key);
    wants(
        &place.refused(&[], &[(VARIABLE, &one)]).await?,
        &["lacks the key"],
    )
}

#[tokio::test]
async fn a_variable_that_says_nothing_clear_is_refused_and_not_shown() -> Result<()> {
    let mut place = Place::new()?;
    place.secrets.extend([key(0xb1), key(0xb1)[..62].to_owned()]);
    let good = key(0xb1);
    for (bad, why) in [
        ("", "has no key in it"),
        (&good[..62], "64 hexadecimal digits"),
        (&good[..32], "64 hexadecimal digits"),
        (&format!("{good},{good}"), "twice"),
        (&format!("{good},{}", "z".repeat(64)), "64 hexadecimal digits"),
        ("pkcs11:a1a1a1a1:00", "wrapped keys"),
    ] {
        wants(&place.refused(&[], &[(VARIABLE, bad)]).await?, &[VARIABLE, why])?;
    }
    let elsewhere = place.folder.path().join("other.key");
    std::fs::write(&elsewhere, key(0xb1))?;
    let named = ["--data-key", elsewhere.to_str().context("a path")?];
    wants(
        &place.refused(&named, &[(VARIABLE, &good)]).await?,
        &["one place"],
    )?;
    std::fs::write(place.file(), key(0xb1))?;
    wants(
        &place.refused(&[], &[(VARIABLE, &good)]).await?,
        &["one place", "data.key"],
    )
}

#[test]
fn a_secret_is_found_however_it_is_written() -> Result<()> {
    let mut place = Place::new()?;
    place.secrets.push(key(0xd1));
    place.want_no_secret(&[0xd1; 31])?;
    for leak in [
        key(0xd1).into_bytes(),
        key(0xd1).to_uppercase().into_bytes(),
        vec![0xd1; 32],
        PIN.into(),
    ] {
        let around = [b"said ".as_slice(), &leak, &[0xff]].concat();
        ensure!(place.want_no_secret(&around).is_err(), "{} bytes", leak.len());
        std::fs::create_dir_all(place.data().join("deep"))?;
        let file = place.data().join("deep/file");
        std::fs::write(&file, around)?;
        ensure!(
            place.want_no_secret_in_files().is_err(),
            "{} bytes in a file",
            leak.len()
        );
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

/// A house with a token, and a PIN for it in a file.
struct Guarded {
    place: Place,
    token: SoftToken,
    pin_file: PathBuf,
}

impl Guarded {
    fn new() -> Result<Self> {
        let place = Place::new()?;
        let token = SoftToken::new(place.folder.path(), TOKEN, PIN)?;
        let pin_file = place.folder.path().join("pin");
        std::fs::write(&pin_file, format!("{PIN}\n"))?;
        std::fs::create_dir_all(place.data())?;
        Ok(Self {
            place,
            token,
            pin_file,
        })
    }

    /// Flags that name the token; `--flag=value` each, so that one can be put in the place of another.
    fn flags(&self) -> Vec<String> {
        vec![
            format!("--pkcs11-module={}", self.token.module.display()),
            format!("--pkcs11-token={TOKEN}"),
            format!("--pkcs11-key={KEY}"),
            format!("--pkcs11-pin-file={}", self.pin_file.display()),
        ]
    }

    fn admin(&self, words: &[&str]) -> Result<String> {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.place.admin(words, &flags, &[self.token.variable()])
    }

    async fn starts(&self) -> Result<()> {
        let flags = self.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        self.place.starts(&flags, &[self.token.variable()]).await
    }

    /// Why it does not start with other flags in the place of those that begin alike, or with more variables.
    async fn refused(&self, others: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let mut flags = self.flags();
        flags.retain(|flag| others.iter().all(|other| name(other) != name(flag)));
        flags.extend(others.iter().map(|&other| other.to_owned()));
        // A name alone takes the flag away.
        flags.retain(|flag| flag.contains('='));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let variables = [variables, &[self.token.variable()]].concat();
        self.place.refused(&flags, &variables).await
    }
}

#[tokio::test]
async fn a_wrapped_key_starts_restarts_and_is_changed_and_stands_nowhere_in_clear() -> Result<()> {
    let mut guarded = Guarded::new()?;
    let (file, plain) = (
        guarded.place.file(),
        guarded.place.folder.path().join("plain.key"),
    );
    // A house as it was before it had a token.
    guarded.place.starts(&[], &[]).await?;
    let log_key = guarded.place.log_key(&[], &[])?;
    let secret = lines(&file)?.pop().context("no key")?;
    guarded.place.secrets.push(secret.clone());
    std::fs::rename(&file, &plain)?;

    guarded.admin(&["data-key", "token-key"])?;
    let again = guarded
        .admin(&["data-key", "token-key"])
        .err()
        .context("made twice")?;
    wants(&again.to_string(), &["already"])?;
    let wrap = ["data-key", "wrap", "--from", plain.to_str().context("a path")?];
    wants(&guarded.admin(&wrap)?, &["is wrapped", "delete", "plain.key"])?;
    ensure!(guarded.admin(&wrap).is_err(), "it wrote over the wrapped keys");
    std::fs::remove_file(&plain)?;
    let old = lines(&file)?;
    ensure!(old.len() == 1 && old[0].starts_with("pkcs11:"), "{old:?}");
    for _ in 0..2 {
        guarded.starts().await?;
    }
    let looked = guarded.place.want_no_secret_in_files()?;
    ensure!(looked > 1, "only {looked} files were looked through");
    ensure!(
        guarded.admin(&["audit", "key"])? == log_key,
        "another key came out"
    );

    // The next one is learnt, then it seals, then everything is moved to it.
    guarded.admin(&["data-key", "new"])?;
    let both = lines(&file)?;
    ensure!(both.len() == 2 && both[1] == old[0], "{both:?}");
    guarded.starts().await?;
    write(&file, &[both[1].clone(), both[0].clone()])?;
    guarded.starts().await?;
    moved(|| guarded.admin(&["reseal"])).await?;
    write(&file, &both[..1])?;
    guarded.starts().await?;
    ensure!(
        guarded.admin(&["audit", "key"])? == log_key,
        "another key came out"
    );
    // The older one opens nothing any more.
    write(&file, &old)?;
    wants(&guarded.refused(&[], &[]).await?, &["lacks the key"])
}

#[tokio::test]
async fn a_token_that_is_not_as_it_must_be_is_refused_and_no_key_is_made() -> Result<()> {
    let guarded = Guarded::new()?;
    let file = guarded.place.file();
    // A new house has no key until somebody makes one: a token that does not answer must not end in a key in clear.
    wants(&guarded.refused(&[], &[]).await?, &["data-key new"])?;
    guarded.admin(&["data-key", "token-key"])?;
    guarded.admin(&["data-key", "new"])?;
    guarded.starts().await?;
    // The PIN may stand in a variable, and in one place only.
    let pin_file = guarded.pin_file.display().to_string();
    let by_variable = [("TILLGUARD_PKCS11_PIN", PIN)];
    wants(&guarded.refused(&[], &by_variable).await?, &["one place"])?;
    let mut flags = guarded.flags();
    flags.pop();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let variables = [by_variable[0], guarded.token.variable()];
    guarded.place.starts(&flags, &variables).await?;

    std::fs::write(&pin_file, WRONG_PIN)?;
    wants(&guarded.refused(&[], &[]).await?, &["refuses the PIN"])?;
    std::fs::write(&pin_file, "")?;
    wants(&guarded.refused(&[], &[]).await?, &["PIN is empty"])?;
    std::fs::write(&pin_file, PIN)?;
    for (others, why) in [
        (vec!["--pkcs11-pin-file"], "PIN is missing"),
        (vec!["--pkcs11-pin-file=/nowhere"], "/nowhere"),
        (vec!["--pkcs11-token=another"], "there is no token another"),
        (vec!["--pkcs11-key=another"], "there is no AES key another"),
        (
            vec!["--pkcs11-module=/nowhere.so"],
            "/nowhere.so cannot be loaded",
        ),
        (vec!["--pkcs11-module=libsofthsm2.so"], "path from the root"),
        (vec!["--pkcs11-module"], "--pkcs11-module"),
        (vec!["--pkcs11-key"], "--pkcs11-key"),
    ] {
        let said = guarded.refused(&others, &[]).await;
        wants(&said.with_context(|| format!("{others:?}"))?, &[why])?;
    }
    // Gone, and not asked for.
    guarded.token.set_present(false)?;
    wants(&guarded.refused(&[], &[]).await?, &["there is no token"])?;
    guarded.token.set_present(true)?;
    wants(
        &guarded.place.refused(&[], &[]).await?,
        &["a token unwraps", "--pkcs11-module"],
    )?;

    // Each byte counts, and so does the name.
    let good = std::fs::read_to_string(&file)?;
    let line = lines(&file)?.pop().context("no key")?;
    let digits = line.len() - 120;
    for at in [
        line.find(':').context("no name")? + 1,
        digits,
        digits + 24,
        line.len() - 1,
    ] {
        let mut changed = line.clone();
        let other = if line.as_bytes()[at] == b'0' { "1" } else { "0" };
        changed.replace_range(at..=at, other);
        std::fs::write(&file, &changed)?;
        let said = guarded.refused(&[], &[]).await?;
        wants(&said, &["does not open the data key"]).with_context(|| format!("the digit at {at}"))?;
    }
    std::fs::write(&file, &line[..line.len() - 2])?;
    wants(&guarded.refused(&[], &[]).await?, &["does not open"])?;
    std::fs::write(&file, &good)?;
    guarded.starts().await?;

    // Plain keys in the place of wrapped ones, among them, or beside.
    std::fs::write(&file, key(0xc1))?;
    wants(&guarded.refused(&[], &[]).await?, &["not wrapped"])?;
    std::fs::write(&file, format!("{}\n{good}", key(0xc1)))?;
    wants(&guarded.refused(&[], &[]).await?, &["beside wrapped ones"])?;
    let elsewhere = guarded.place.folder.path().join("wrapped.key");
    std::fs::write(&elsewhere, &good)?;
    std::fs::write(&file, key(0xc1))?;
    let named = format!("--data-key={}", elsewhere.display());
    wants(
        &guarded.refused(&[&named], &[]).await?,
        &["data.key is not wrapped", "delete it"],
    )?;
    std::fs::remove_file(&file)?;
    wants(&guarded.refused(&[], &[]).await?, &["bring it back"])?;
    wants(
        &guarded.refused(&[], &[(VARIABLE, &key(0xc1))]).await?,
        &["--pkcs11-module"],
    )?;
    ensure!(!file.exists(), "a key was made");
    std::fs::write(&file, &good)?;
    guarded.starts().await
}

#[tokio::test]
async fn a_short_key_wraps_nothing() -> Result<()> {
    let guarded = Guarded::new()?;
    let material = guarded.place.folder.path().join("material");
    std::fs::write(&material, [7; 16])?;
    let material = material.to_str().context("a path")?;
    guarded.token.util(&[
        "--import", material, "--aes", "--token", TOKEN, "--label", KEY, "--id", "01", "--pin", PIN,
    ])?;
    let said = guarded.admin(&["data-key", "new"]);
    wants(&said.err().context("it wrapped")?.to_string(), &["not AES-256"])?;
    ensure!(!guarded.place.file().exists(), "a file was made");
    Ok(())
}
