//! A shop alone whose terminals three providers can stop, by the real binary without a gate: each provider stops, is late,
//! refuses, is silent, busy, lies; and the node is killed at each step. The receipt never says more than was read back, and
//! what was received is not asked for again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::control::Control;
use simulator::provider::{
    Asked, Brand, Device, Fault, Faults, Provider as Double, ProviderConfig, Standing, Struck,
};
use tests::{Api, Folder, House, WAIT_MAX, until_every};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

const BRANDS: [Brand; 3] = [Brand::Stripe, Brand::SumUp, Brand::Adyen];
const PASSWORD: &str = "teapot-in-the-rain";
const KEY: &str = "rk_test_51HqKeepThisOut";
const MERCHANT: &str = "MH4H92C7";
/// Houses at once.
const HOUSES_MAX: usize = 12;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What a busy provider asks for.
const BUSY: &str = "3";
const BUSY_TIME: Duration = Duration::from_secs(3);

fn code(brand: Brand) -> &'static str {
    match brand {
        Brand::Stripe => "stripe",
        Brand::SumUp => "sumup",
        Brand::Adyen => "adyen",
    }
}

fn device(brand: Brand) -> &'static str {
    match brand {
        Brand::Stripe => "tmr_FDOt2wlRZEdpd7",
        Brand::SumUp => "rdr_3MSAFM23CK82VSTT4BN6RWSQ65",
        Brand::Adyen => "S1F2-000150183300034",
    }
}

fn terminal(brand: Brand) -> &'static str {
    match brand {
        Brand::Stripe => "88210001",
        Brand::SumUp => "88210002",
        Brand::Adyen => "88210003",
    }
}

fn at(struck: Struck, fault: Fault) -> Faults {
    Faults {
        fault: Some((struck, fault)),
        ..Faults::default()
    }
}

fn once(struck: Struck, fault: Fault) -> Faults {
    Faults {
        times: Some(1),
        ..at(struck, fault)
    }
}

fn late(looks: u32) -> Faults {
    Faults {
        stops_after_looks: looks,
        ..Faults::default()
    }
}

/// Whether a double has been asked what is waited for.
type When = fn(&[Asked]) -> bool;

/// How many requests that change something a double has read.
fn changes(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| asked.changes()).count()
}

/// Those that came after the first of them.
fn read_backs(asked: &[Asked]) -> impl Iterator<Item = &Asked> {
    let after = asked.iter().skip_while(|asked| !asked.changes());
    after.filter(|asked| !asked.changes())
}

/// A house of a shop alone, with a terminal at each provider.
struct Shop {
    house: Option<House>,
    owner: Api,
    merchant: String,
    doubles: [Double; 3],
    folder: Folder,
}

/// What a shop differs by.
#[derive(Default)]
struct With {
    faults: Faults,
    /// The key that is kept is none of the provider's.
    wrong_key: bool,
    /// The provider knows no device.
    no_device: bool,
    /// A payment is under way.
    busy: bool,
}

impl Shop {
    async fn open(with: With) -> Result<Self> {
        let folder = Folder::new()?;
        let mut doubles = Vec::new();
        for brand in BRANDS {
            doubles.push(double(brand, &with).await?);
        }
        let doubles: [Double; 3] = doubles.try_into().ok().context("three")?;
        let house = start(&folder, &doubles).await?;
        let first = json!({
            "token": house.token()?, "mode": "shop", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "merchant": { "name": "福记小吃" }, "account": { "login": "li.na", "name": "李娜", "password": PASSWORD },
        });
        let done = house.api()?.post("/setup", &first).await?.expect(201)?;
        let owner = house.api()?.with_token(done["token"].as_str().context("token")?);
        let merchant = done["merchant"]["id"].as_str().context("merchant")?;
        let shop = json!({ "name": "城南店", "address": "工业路 1 号" });
        let shop = owner.post("/shops", &shop).await?.expect(201)?;
        for brand in BRANDS {
            let said = json!({
                "terminal_id": terminal(brand), "shop_id": shop["id"], "serial": format!("SN-{}", code(brand)), "model": "A",
                "control": "outside", "at_provider": { "provider": code(brand), "device_id": device(brand) },
            });
            owner.post("/terminals", &said).await?.expect(201)?;
        }
        let shop = Self {
            merchant: merchant.to_owned(),
            house: Some(house),
            owner,
            doubles,
            folder,
        };
        shop.keep(if with.wrong_key {
            "rk_live_0Wrong0Key0"
        } else {
            KEY
        })
        .await?;
        Ok(shop)
    }

    /// Keeps that key with each provider.
    async fn keep(&self, key: &str) -> Result<()> {
        for brand in BRANDS {
            let said = json!({ "key": key, "account": MERCHANT });
            let path = format!("/provider-accounts/{}/{}", self.merchant, code(brand));
            let kept = self.owner.call("PUT", &path, Some(said.to_string()));
            kept.await?.expect(200)?;
        }
        Ok(())
    }

    fn house(&self) -> Result<&House> {
        self.house.as_ref().context("no house")
    }

    fn double(&self, brand: Brand) -> &Double {
        &self.doubles[BRANDS.iter().position(|one| *one == brand).unwrap_or_default()]
    }

    fn heal(&self) {
        for double in &self.doubles {
            double.faults().set(Faults::default());
        }
    }

    /// Kill -9.
    fn kill(&mut self) -> Result<()> {
        self.no_key_is_told()?;
        self.house.take().context("no house")?.kill()
    }

    /// Starts on what the killed node left.
    async fn start_again(&mut self) -> Result<()> {
        let house = start(&self.folder, &self.doubles).await?;
        self.owner = house.api()?.with_token(self.owner.token().context("no token")?);
        self.house = Some(house);
        Ok(())
    }

    async fn report(&self) -> Result<[String; 3]> {
        let mut ids = Vec::new();
        for brand in BRANDS {
            let said = json!({ "terminal_id": terminal(brand), "manner": "stolen" });
            let reported = self.owner.post("/incidents", &said).await?.expect(201)?;
            ids.push(reported["id"].as_str().context("id")?.to_owned());
        }
        ids.try_into().ok().context("three")
    }

    /// What a page says of a stop; it must be no more than the provider said when it was asked again.
    async fn told(&self, brand: Brand, id: &str) -> Result<Value> {
        let incident = self.owner.get(&format!("/incidents/{id}")).await?;
        let request = &incident["stop_request"];
        let is_stopped = request["state"] == "stopped";
        ensure!(
            is_stopped == (request["provider"]["state"] == "stopped"),
            "{request}"
        );
        for receipt in incident["receipts"].as_array().context("receipts")? {
            ensure!(receipt["state"] == request["state"], "{receipt} {request}");
        }
        if is_stopped {
            let double = self.double(brand);
            let asked = double.asked();
            ensure!(
                double.standing(device(brand)) == Some(Standing::Stopped),
                "called stopped, and works: {asked:?}"
            );
            ensure!(
                read_backs(&asked).any(|asked| asked.is_answered),
                "called stopped, and nobody looked: {asked:?}"
            );
        }
        Ok(request["provider"].clone())
    }

    async fn until_told(&self, brand: Brand, id: &str, state: &str) -> Result<Value> {
        let what = format!("{brand:?} to be {state}");
        let told = until_every(LOOK_EVERY, &what, async || {
            let provider = self.told(brand, id).await?;
            Ok((provider["state"] == state).then_some(provider))
        });
        told.await
            .with_context(|| format!("{:?}", self.double(brand).journal()))
    }

    fn no_key_is_told(&self) -> Result<()> {
        let said = self.house()?.said()?;
        let part = ["KeepThisOut", "0Wrong0Key0"]
            .iter()
            .find(|part| said.contains(**part));
        ensure!(part.is_none(), "a key is in the log");
        Ok(())
    }
}

async fn double(brand: Brand, with: &With) -> Result<Double> {
    let known = Device {
        is_busy: with.busy,
        ..Device::new(device(brand), &format!("SN-{}", code(brand)))
    };
    let config = ProviderConfig {
        brand,
        port: 0,
        key: KEY.to_owned(),
        merchant: MERCHANT.to_owned(),
        devices: if with.no_device { Vec::new() } else { vec![known] },
        faults: Control::default(),
    };
    let double = Double::start(config).await?;
    double.faults().set(with.faults.clone());
    Ok(double)
}

async fn start(folder: &Folder, doubles: &[Double; 3]) -> Result<House> {
    let at =
        |(brand, double): (Brand, &Double)| format!("--provider-address={}={}", code(brand), double.url());
    let flags: Vec<String> = BRANDS.into_iter().zip(doubles).map(at).collect();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    House::start(folder.path(), "node-1", &flags).await
}

/// Does something for each case, some at once, and names the case that fails.
async fn each<C, F>(cases: Vec<(&'static str, C)>, run: fn(C) -> F) -> Result<()>
where
    C: Send + 'static,
    F: Future<Output = Result<()>> + 'static,
{
    let places = Arc::new(Semaphore::new(HOUSES_MAX));
    let mut running = JoinSet::new();
    for (name, case) in cases {
        let place = places.clone().acquire_owned().await?;
        let runtime = Handle::current();
        running.spawn_blocking(move || {
            let _place = place;
            runtime.block_on(run(case)).context(name)
        });
    }
    let mut failed = Vec::new();
    while let Some(done) = running.join_next().await {
        failed.extend(done?.err().map(|error| format!("{error:#}")));
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// What a provider does, and what is told of it.
#[derive(Default)]
struct Case {
    with: With,
    /// What is told before the end.
    shows: &'static str,
    /// The same at Adyen, which has a word of its own.
    adyen_shows: Option<&'static str>,
    /// What each double has been asked by then.
    when: Option<When>,
    /// The end, once the provider is well again; `stopped` without it.
    ends: Option<&'static str>,
    /// How many requests that change something it takes.
    changes: usize,
}

impl Case {
    fn faulty(faults: Faults, shows: &'static str, changes: usize) -> Self {
        Self {
            with: With {
                faults,
                ..With::default()
            },
            shows,
            when: Some(is_told_to_stop),
            changes,
            ..Self::default()
        }
    }

    fn refused(with: With, changes: usize) -> Self {
        Self {
            with,
            ends: Some("refused"),
            changes,
            ..Self::default()
        }
    }

    async fn run(self) -> Result<()> {
        let Self { with, ends, .. } = self;
        let shop = Shop::open(with).await?;
        let ids = shop.report().await?;
        for (brand, id) in BRANDS.into_iter().zip(&ids) {
            let shows = match brand {
                Brand::Adyen => self.adyen_shows.unwrap_or(self.shows),
                _ => self.shows,
            };
            if let Some(when) = self.when {
                let asked = shop.double(brand).until(when);
                timeout(WAIT_MAX, asked).await.context("it is not asked")?;
            }
            if !shows.is_empty() {
                shop.until_told(brand, id, shows).await?;
            }
        }
        if ends.is_none() {
            shop.heal();
        }
        for (brand, id) in BRANDS.into_iter().zip(&ids) {
            let told = shop.until_told(brand, id, ends.unwrap_or("stopped")).await?;
            let asked = shop.double(brand).asked();
            ensure!(changes(&asked) == self.changes, "{brand:?}: {asked:?}");
            if ends.is_none() {
                let evidence = told["evidence"].as_str().unwrap_or_default();
                let is_whole = evidence.contains(&format!("SN-{}", code(brand)));
                ensure!(is_whole && evidence.contains("last seen"), "{evidence}");
            }
            ensure!(!told.to_string().contains("0Wrong0Key0"), "{told}");
        }
        shop.no_key_is_told()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_says_what_each_provider_said_when_it_was_asked_again() -> Result<()> {
    let cases = vec![
        ("stopped", Case::faulty(Faults::default(), "", 1)),
        (
            "in progress, then stopped",
            Case {
                adyen_shows: Some("in_progress"),
                ..Case::faulty(late(1), "asked", 1)
            },
        ),
        (
            "refused",
            Case::refused(
                With {
                    faults: at(Struck::Changes, Fault::Says(403)),
                    ..With::default()
                },
                1,
            ),
        ),
        (
            "a wrong key",
            Case::refused(
                With {
                    wrong_key: true,
                    ..With::default()
                },
                0,
            ),
        ),
        (
            "no such device",
            Case::refused(
                With {
                    no_device: true,
                    ..With::default()
                },
                0,
            ),
        ),
        (
            "stopped, and the read-back refused",
            Case {
                when: Some(|asked| read_backs(asked).count() >= 3),
                ..Case::faulty(at(Struck::ReadBacks, Fault::Says(403)), "unknown", 1)
            },
        ),
        (
            "silent after it stopped",
            Case::faulty(once(Struck::Changes, Fault::Silent), "", 1),
        ),
        (
            "silent, and it did nothing",
            Case::faulty(once(Struck::Changes, Fault::Deaf), "", 2),
        ),
        (
            "silent to the read-back",
            Case::faulty(once(Struck::ReadBacks, Fault::Silent), "unknown", 1),
        ),
        (
            "gone after it stopped",
            Case::faulty(once(Struck::Changes, Fault::Closes), "", 1),
        ),
        (
            "a read-back that is no answer",
            Case::faulty(at(Struck::ReadBacks, Fault::Garbled), "unknown", 1),
        ),
        (
            "yes, and nothing done",
            Case {
                when: Some(|asked| changes(asked) >= 2),
                ..Case::faulty(at(Struck::Changes, Fault::Lies), "asked", 3)
            },
        ),
    ];
    each(cases, Case::run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_its_key_is_asked_for_again_with_another() -> Result<()> {
    let shop = Shop::open(With {
        wrong_key: true,
        ..With::default()
    })
    .await?;
    let ids = shop.report().await?;
    for (brand, id) in BRANDS.into_iter().zip(&ids) {
        shop.until_told(brand, id, "refused").await?;
    }
    shop.keep(KEY).await?;
    for (brand, id) in BRANDS.into_iter().zip(&ids) {
        shop.until_told(brand, id, "stopped").await?;
        ensure!(changes(&shop.double(brand).asked()) == 1, "{brand:?}");
    }
    Ok(())
}

/// Busy at one of its questions.
async fn is_busy((struck, shows, wanted): (Struck, &str, usize)) -> Result<()> {
    let faults = once(struck, Fault::Busy(BUSY));
    let shop = Shop::open(With {
        faults,
        ..With::default()
    })
    .await?;
    let ids = shop.report().await?;
    for (brand, id) in BRANDS.into_iter().zip(&ids) {
        let told = shop.until_told(brand, id, shows).await?;
        ensure!(told["state"] != "stopped", "{told}");
    }
    for (brand, id) in BRANDS.into_iter().zip(&ids) {
        shop.until_told(brand, id, "stopped").await?;
        let asked = shop.double(brand).asked();
        ensure!(changes(&asked) == wanted, "{brand:?}: {asked:?}");
        // It is left alone for as long as it asked.
        let busy = match struck {
            Struck::Changes => asked.iter().find(|asked| asked.changes()),
            Struck::ReadBacks => read_backs(&asked).next(),
            Struck::Looks | Struck::All => asked.first(),
        };
        let busy_at = busy.context("nothing was struck")?.at;
        let next = asked
            .iter()
            .find(|asked| asked.at > busy_at)
            .context("not asked again")?;
        ensure!(
            next.at - busy_at >= BUSY_TIME,
            "{brand:?} was not left alone: {asked:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_provider_is_left_alone_as_long_as_it_asks_and_then_asked_once_more() -> Result<()> {
    let cases = vec![
        ("busy when it is looked at", (Struck::Looks, "asked", 1)),
        ("busy when it is to stop", (Struck::Changes, "asked", 2)),
        ("busy when it is read back", (Struck::ReadBacks, "unknown", 1)),
    ];
    each(cases, is_busy).await
}

/// A moment of a stop at which the node is killed.
struct Death {
    with: With,
    /// When each double has been asked so.
    when: When,
    /// Whether nothing can have been read back by then.
    is_early: bool,
    /// How many requests that change something each brand takes, in all.
    changes: [usize; 3],
}

impl Death {
    fn faulty(faults: Faults, when: When, changes: usize) -> Self {
        Self {
            with: With {
                faults,
                ..With::default()
            },
            when,
            is_early: true,
            changes: [changes; 3],
        }
    }

    async fn run(self) -> Result<()> {
        let mut shop = Shop::open(self.with).await?;
        let ids = shop.report().await?;
        for double in &shop.doubles {
            let moment = double.until(self.when);
            timeout(WAIT_MAX, moment)
                .await
                .context("the moment does not come")?;
        }
        if self.is_early {
            for (brand, id) in BRANDS.into_iter().zip(&ids) {
                let told = shop.told(brand, id).await?;
                ensure!(told["state"] != "stopped", "{told}");
            }
        }
        shop.kill()?;
        shop.heal();
        shop.start_again().await?;
        for (brand, id) in BRANDS.into_iter().zip(&ids) {
            shop.until_told(brand, id, "stopped").await?;
        }
        for (double, wanted) in shop.doubles.iter().zip(self.changes) {
            let asked = double.asked();
            ensure!(changes(&asked) == wanted, "{asked:?}");
        }
        shop.no_key_is_told()
    }
}

fn is_told_to_stop(asked: &[Asked]) -> bool {
    changes(asked) > 0
}

fn has_answered_the_stop(asked: &[Asked]) -> bool {
    asked.iter().any(|asked| asked.changes() && asked.is_answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_at_any_step_reads_back_and_asks_for_no_stop_twice() -> Result<()> {
    let cases = vec![
        (
            "while it looks",
            Death::faulty(at(Struck::Looks, Fault::Silent), |asked| !asked.is_empty(), 1),
        ),
        (
            "when the stop was received and done, and not answered",
            Death::faulty(at(Struck::Changes, Fault::Silent), is_told_to_stop, 1),
        ),
        (
            "when the stop was received and not done",
            Death::faulty(at(Struck::Changes, Fault::Deaf), is_told_to_stop, 2),
        ),
        (
            "while a payment is cancelled",
            Death {
                with: With {
                    faults: at(Struck::Changes, Fault::Silent),
                    busy: true,
                    ..With::default()
                },
                // At Stripe, where alone there is something to cancel.
                changes: [2, 1, 1],
                ..Death::faulty(Faults::default(), is_told_to_stop, 0)
            },
        ),
        (
            "when the stop was answered",
            Death {
                is_early: false,
                ..Death::faulty(Faults::default(), has_answered_the_stop, 1)
            },
        ),
        (
            "when the read-back was received and not answered",
            Death::faulty(
                at(Struck::ReadBacks, Fault::Silent),
                |asked| read_backs(asked).count() > 0,
                1,
            ),
        ),
        (
            "when the read-back was answered",
            Death {
                is_early: false,
                ..Death::faulty(
                    Faults::default(),
                    |asked| read_backs(asked).any(|asked| asked.is_answered),
                    1,
                )
            },
        ),
        (
            "while it is in progress",
            Death::faulty(
                late(1),
                |asked| read_backs(asked).any(|asked| asked.is_answered),
                1,
            ),
        ),
    ];
    each(cases, Death::run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cannot_be_looked_at_is_asked_to_stop_unseen() -> Result<()> {
    let faults = at(Struck::Looks, Fault::Closes);
    let shop = Shop::open(With {
        faults,
        ..With::default()
    })
    .await?;
    let ids = shop.report().await?;
    for (brand, id) in BRANDS.into_iter().zip(&ids) {
        let asked = shop.double(brand).until(is_told_to_stop);
        timeout(WAIT_MAX, asked)
            .await
            .context("it is not asked to stop")?;
        shop.until_told(brand, id, "unknown").await?;
    }
    shop.heal();
    // SumUp knows no stopped reader; that one was ever there, nobody has seen.
    for (brand, id, ends) in [
        (Brand::Stripe, &ids[0], "stopped"),
        (Brand::Adyen, &ids[2], "stopped"),
        (Brand::SumUp, &ids[1], "unknown"),
    ] {
        let before = shop.double(brand).asked().len();
        if ends == "unknown" {
            let asked = shop.double(brand).until(|asked| asked.len() > before);
            timeout(WAIT_MAX, asked).await.context("it is not asked again")?;
        }
        shop.until_told(brand, id, ends).await?;
        let asked = shop.double(brand).asked();
        ensure!(changes(&asked) == 1, "{brand:?}: {asked:?}");
    }
    Ok(())
}
