//! Evidence packs out of the real server: verified by `sha256sum` and `openssl` alone, by the script of `docs/EVIDENCE.md` and by our own
//! program; one changed byte anywhere is found; a server that is killed while it makes one loses nothing and leaves nothing.

use std::io::{Cursor, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use simulator::issuer::cards;
use simulator::terminal::{Terminal, TerminalIdentity};
use tests::{Acquirer, Folder, master_key, number, own_key, tillguard};

const TERMINAL: &str = "30501401";
const MERCHANT: &str = "104520157120081";
const READERS: [&str; 4] = ["police", "bank", "insurer", "court"];
/// Kills, each after another part of the time that a pack takes.
const KILLS: u32 = 3;

/// A theft of which there is something of everything; answers the path of its incident.
async fn theft(acquirer: &Acquirer) -> Result<String> {
    let risk = &acquirer.risk;
    let merchant = json!({ "merchant_id": MERCHANT, "name": "样例小吃" });
    risk.post("/merchants", &merchant).await?.expect(201)?;
    let shop = json!({ "merchant_id": MERCHANT, "name": "样例店", "address": "样例路 1 号" });
    let shop = risk.post("/shops", &shop).await?.expect(201)?;
    let mut said = json!({
        "terminal_id": TERMINAL, "shop_id": shop["id"], "serial": "YZ9030495199", "model": "云展 Y90", "control": "gate",
    });
    said["master_key"] = master_key(&own_key())?;
    risk.post("/terminals", &said).await?.expect(201)?;
    let operator =
        json!({ "shop_id": shop["id"], "operator": "001", "name": "收银员 01", "password": "246810" });
    risk.post("/operators", &operator).await?.expect(201)?;
    let mut terminal = Terminal::new(TerminalIdentity::new(TERMINAL, MERCHANT, own_key(), "001"));
    terminal.connect(acquirer.house.gate()?).await?;
    ensure!(terminal.sign_in().await?.is_approved(), "sign-in");
    let card = &cards()[0];
    ensure!(terminal.purchase(1_800, card).await?.code() == "00", "a sale");
    ensure!(terminal.purchase(2_600, card).await?.code() == "00", "a sale");
    let said = json!({ "terminal_id": TERMINAL, "manner": "stolen", "place": "样例店柜台", "circumstances": "打烊后回来，终端不见了。" });
    let reported = risk.post("/incidents", &said).await?.expect(201)?;
    ensure!(terminal.purchase(9_900, card).await?.code() != "00", "an attempt");
    let incident = format!("/incidents/{}", reported["id"].as_str().context("no id")?);
    let paper =
        json!({ "action": "accept", "number": "样例〔2026〕0417", "office": "样例派出所", "on": today()? });
    risk.post(&format!("{incident}/police"), &paper)
        .await?
        .expect(200)?;
    attach(acquirer, &incident, ("receipt.pdf", RECEIPT)).await?;
    let wrong = attach(acquirer, &incident, ("wrong.txt", "of another case\n".as_bytes())).await?;
    let withdraw = format!(
        "{incident}/attachments/{}/withdraw",
        wrong["id"].as_str().context("no id")?
    );
    risk.post(&withdraw, &json!({ "ground": "brought by mistake" }))
        .await?
        .expect(200)?;
    let film = json!({ "name": "camera-12.mp4", "size": 734_003_200, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" });
    risk.post(&format!("{incident}/attachments/stated"), &film)
        .await?
        .expect(201)?;
    let comment = json!({ "text": "between colleagues" });
    risk.post(&format!("{incident}/comments"), &comment)
        .await?
        .expect(201)?;
    Ok(incident)
}

const RECEIPT: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
    3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// The day of the terminal's clock.
fn today() -> Result<String> {
    let date = Command::new("date")
        .env("TZ", "Asia/Shanghai")
        .arg("+%F")
        .output()?;
    Ok(String::from_utf8(date.stdout)?.trim().to_owned())
}

async fn attach(acquirer: &Acquirer, incident: &str, (name, file): (&str, &[u8])) -> Result<Value> {
    let path = format!("{incident}/attachments?name={name}&purpose=evidence");
    acquirer.risk.send_file(&path, file.to_vec()).await?.expect(201)
}

/// A pack as it came, and its folder.
struct Had {
    zip: PathBuf,
    folder: PathBuf,
}

async fn had(acquirer: &Acquirer, incident: &str, reader: &str, folder: &Folder) -> Result<Had> {
    let path = format!("{incident}/pack?for={reader}");
    let (content_type, bytes) = acquirer.risk.get_file(&path).await?;
    ensure!(content_type == "application/zip", "{content_type}");
    let zip = folder.path().join(format!("{reader}.zip"));
    std::fs::write(&zip, &bytes)?;
    let to = folder.path().join(reader);
    let _ = std::fs::remove_dir_all(&to);
    zip::ZipArchive::new(Cursor::new(bytes))?.extract(&to)?;
    Ok(Had { zip, folder: to })
}

/// The log's key, from the server and not from the pack.
async fn key(acquirer: &Acquirer) -> Result<String> {
    let (_, key) = acquirer.risk.get_file("/audit/key").await?;
    Ok(String::from_utf8(key)?.trim().to_owned())
}

fn verify(path: &Path, key: &str) -> Result<Output> {
    Ok(Command::new(tillguard()?)
        .arg("verify")
        .arg(path)
        .args(["--key", key])
        .output()?)
}

fn verifies(path: &Path, key: &str) -> Result<String> {
    let done = verify(path, key)?;
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    ensure!(done.status.success(), "{}: {said}", path.display());
    Ok(said)
}

/// Runs a line of a shell in a folder; whether it ended well.
fn shell(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Result<bool> {
    let mut bash = Command::new("bash");
    bash.current_dir(folder)
        .args(["-c", line])
        .envs(variables.iter().copied());
    Ok(bash.output()?.status.success())
}

/// The script of the documentation, word for word.
fn script() -> Result<String> {
    let page = std::fs::read_to_string(docs().join("EVIDENCE.md"))?;
    let (_, script) = page.split_once("```sh\n").context("no script")?;
    Ok(script.split_once("```").context("no end")?.0.to_owned())
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The names of all files of a pack.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

/// What is in a pack as text.
fn text(folder: &Path) -> Result<String> {
    let mut all = String::new();
    for path in files(folder)? {
        all.push_str(&String::from_utf8_lossy(&std::fs::read(path)?));
    }
    Ok(all)
}

/// The places in the log of a pack's records.
fn records(folder: &Path) -> Result<Vec<u64>> {
    let text = std::fs::read_to_string(folder.join("audit.jsonl"))?;
    let index = |line: &str| serde_json::from_str::<Value>(line).ok()?["index"].as_u64();
    Ok(text.lines().filter_map(index).collect())
}

/// Without our software: the sums, and the signatures and proofs of every record.
fn proves_itself(folder: &Path) -> Result<usize> {
    ensure!(
        shell(folder, "sha256sum --strict --quiet -c SHA256SUMS", &[])?,
        "a sum is wrong"
    );
    let (script, records) = (script()?, records(folder)?);
    for index in &records {
        let proven = shell(folder, &script, &[("N", &index.to_string())])?;
        ensure!(proven, "record {index} of {}", folder.display());
    }
    Ok(records.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_pack_proves_itself_with_and_without_our_software() -> Result<()> {
    let folder = Folder::new()?;
    let acquirer = Acquirer::begin(&folder, &[]).await?;
    let incident = theft(&acquirer).await?;
    let key = key(&acquirer).await?;
    for reader in READERS {
        let Had { zip, folder } = had(&acquirer, &incident, reader, &folder).await?;
        let count = proves_itself(&folder)?;
        ensure!(count > 4, "{count} records for {reader}");
        for path in [&zip, &folder] {
            let said = verifies(path, &key)?;
            ensure!(
                said.contains(&format!("for {reader}")) && !said.contains("time stamp"),
                "{said}"
            );
        }
        let how = std::fs::read_to_string(folder.join("VERIFY.txt"))?;
        ensure!(how.contains("There is none:") && how.contains("没有:"), "{how}");
        let is_attached = files(&folder)?
            .iter()
            .any(|file| std::fs::read(file).is_ok_and(|bytes| bytes == RECEIPT));
        ensure!(
            is_attached == matches!(reader, "police" | "court"),
            "the receipt for {reader}"
        );
        let text = text(&folder)?;
        ensure!(
            !text.contains("of another case"),
            "a file that was taken back, for {reader}"
        );
        let only_courts = ["between colleagues", "brought by mistake", "\"actor\":\"risk\""];
        for said in only_courts {
            ensure!(text.contains(said) == (reader == "court"), "{said} for {reader}");
        }
        ensure!(!text.contains(&cards()[0].pan), "a whole card for {reader}");
    }
    // Whoever has the sums on record can say whether a pack is that one.
    let timeline = acquirer
        .risk
        .get(&format!("{incident}/timeline?limit=200"))
        .await?;
    for reader in READERS {
        let sums = std::fs::read(folder.path().join(reader).join("SHA256SUMS"))?;
        let digest = tests::hex(&Sha256::digest(sums)).to_lowercase();
        ensure!(
            timeline
                .to_string()
                .contains(&format!("{reader} sha256:{digest}")),
            "{timeline}"
        );
    }
    every_byte_counts(&folder.path().join("court"), &key)?;
    if std::env::var_os("TILLGUARD_SAMPLE_PACK").is_some() {
        rewrite_sample(&folder.path().join("police"))?;
    }
    Ok(())
}

/// One changed byte in each file is found.
fn every_byte_counts(folder: &Path, key: &str) -> Result<()> {
    for path in files(folder)? {
        let whole = std::fs::read(&path)?;
        let mut changed = whole.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(&path, changed)?;
        let done = verify(folder, key)?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(
            done.status.code() == Some(1) && !said.is_empty(),
            "{}: {said}",
            path.display()
        );
        std::fs::write(&path, whole)?;
    }
    verifies(folder, key)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_is_stamped_where_there_is_an_authority() -> Result<()> {
    let folder = Folder::new()?;
    let authority = authority(folder.path())?;
    let acquirer = Acquirer::begin(&folder, &["--timestamp-url", &authority]).await?;
    let incident = theft(&acquirer).await?;
    let key = key(&acquirer).await?;
    let Had { zip, folder: pack } = had(&acquirer, &incident, "bank", &folder).await?;
    let said = verifies(&zip, &key)?;
    ensure!(said.contains("-data SHA256SUMS"), "{said}");
    ensure!(!std::fs::read_to_string(pack.join("VERIFY.txt"))?.contains("There is none:"));
    let stamped = "sha256sum --quiet -c SHA256SUMS && openssl ts -verify -data SHA256SUMS -in SHA256SUMS.tsr -CAfile ../ca.pem";
    ensure!(shell(&pack, stamped, &[])?, "openssl does not agree");
    proves_itself(&pack)?;
    // A byte of the stamp that openssl does not look at is found by the note, which has its digest.
    every_byte_counts(&pack, &key)?;
    let sums = std::fs::read(pack.join("SHA256SUMS"))?;
    std::fs::write(pack.join("SHA256SUMS"), [&sums[..], b"\n"].concat())?;
    ensure!(!shell(&pack, stamped, &[])?, "openssl agrees with other sums");
    Ok(())
}

/// A time-stamp authority of the test's own; answers its address. It ends with the test.
fn authority(folder: &Path) -> Result<String> {
    let config = "[req]\ndistinguished_name=n\nx509_extensions=e\nprompt=no\n[n]\nCN=Stamps for tests\n\
        [e]\nextendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:TRUE\n\
        [tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=ca.pem\ncerts=ca.pem\nsigner_key=key.pem\n\
        default_policy=1.2.3.4\ndigests=sha256\nsigner_digest=sha256\naccuracy=secs:1\nordering=yes\ness_cert_id_alg=sha256\n";
    std::fs::write(folder.join("tsa.cnf"), config)?;
    std::fs::write(folder.join("serial"), "01\n")?;
    let make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -config tsa.cnf -keyout key.pem -out ca.pem";
    ensure!(shell(folder, make, &[])?, "openssl makes no authority");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/", listener.local_addr()?);
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever asked badly is not answered.
            let _ = stamp(stream, &folder);
        }
    });
    Ok(address)
}

fn stamp(mut stream: std::net::TcpStream, folder: &Path) -> Result<()> {
    let (mut read, mut piece) = (Vec::new(), [0; 4_096]);
    let query = loop {
        let count = stream.read(&mut piece)?;
        ensure!(count > 0, "no question");
        read.extend_from_slice(&piece[..count]);
        let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let body = &read[at + 4..];
        if body.first() == Some(&0x30) && body.len() == 2 + usize::from(body[1]) {
            break body.to_vec();
        }
    };
    std::fs::write(folder.join("query"), query)?;
    let reply = "openssl ts -reply -config tsa.cnf -section t -queryfile query -out answer";
    ensure!(shell(folder, reply, &[])?, "openssl gives no stamp");
    let body = std::fs::read(folder.join("answer"))?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Ok(stream.write_all(&[head.as_bytes(), &body].concat())?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_while_it_makes_one_loses_nothing_and_leaves_nothing() -> Result<()> {
    let folder = Folder::new()?;
    let mut acquirer = Acquirer::begin(&folder, &[]).await?;
    let incident = theft(&acquirer).await?;
    let key = key(&acquirer).await?;
    for film in 0_u8..3 {
        let mut bytes = b"\0\0\0\x18ftypmp42".to_vec();
        bytes.resize(15 << 20, film);
        attach(&acquirer, &incident, (&format!("film{film}.mp4"), &bytes)).await?;
    }
    let began = Instant::now();
    had(&acquirer, &incident, "court", &folder).await?;
    let took = began.elapsed();
    let kills = u32::try_from(number("TILLGUARD_KILLS", KILLS.into()))?;
    let mut cut = 0;
    for kill in 1..=kills {
        let (risk, path) = (acquirer.risk.clone(), format!("{incident}/pack?for=court"));
        let asked = tokio::spawn(async move { risk.get_file(&path).await });
        tokio::time::sleep(took * kill / (kills + 1)).await;
        acquirer = acquirer.killed(&folder).await?;
        cut += u32::from(asked.await?.is_err());
        let data = folder.path().join("data");
        for entry in std::fs::read_dir(&data)?.chain(std::fs::read_dir(folder.path())?) {
            let name = entry?.file_name().to_string_lossy().into_owned();
            ensure!(
                !name.starts_with(".tmp") && !name.contains("pack"),
                "{name} is left"
            );
        }
        let Had { zip, .. } = had(&acquirer, &incident, "court", &folder).await?;
        verifies(&zip, &key)?;
    }
    ensure!(cut > 0, "no kill came in between, of packs that take {took:?}");
    Ok(())
}

/// Puts a pack in the place of the sample.
fn rewrite_sample(pack: &Path) -> Result<()> {
    let sample = docs().join("sample-pack");
    let _ = std::fs::remove_dir_all(&sample);
    for path in files(pack)? {
        let to = sample.join(path.strip_prefix(pack)?);
        std::fs::create_dir_all(to.parent().context("no folder")?)?;
        std::fs::copy(&path, to)?;
    }
    Ok(())
}

#[test]
fn the_sample_still_verifies() -> Result<()> {
    let sample = docs().join("sample-pack");
    let key = std::fs::read_to_string(sample.join("vkey"))?;
    verifies(&sample, key.trim())?;
    ensure!(proves_itself(&sample)? > 4, "records");
    let len: u64 = files(&sample)?
        .iter()
        .map(|file| file.metadata().map_or(0, |it| it.len()))
        .sum();
    ensure!(len < 1 << 20, "{len} bytes");
    Ok(())
}
