//! A stop is what the provider says when it is asked again: each brand, by a double that behaves well and badly.

use local_mail::Authority;
use simulator::provider::{self as double, Brand as Whose, Device, Fault, Faults, ProviderConfig, Struck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const KEY: &str = "rk_live_51Hq0Secret7";
const MERCHANT: &str = "MH4H92C7";
const BRANDS: [Whose; 3] = [Whose::Stripe, Whose::SumUp, Whose::Adyen];

fn device(whose: Whose) -> &'static str {
    match whose {
        Whose::Stripe => "tmr_FDOt2wlRZEdpd7",
        Whose::SumUp => "rdr_3MSAFM23CK82VSTT4BN6RWSQ65",
        Whose::Adyen => "S1F2-000150183300034",
    }
}

/// Little enough to wait for, where no answer comes.
const HASTY: Patience = Patience {
    connect: Duration::from_secs(10),
    answer: Duration::from_millis(300),
};

async fn start(whose: Whose) -> double::Provider {
    let config = ProviderConfig {
        brand: whose,
        port: 0,
        key: KEY.to_owned(),
        merchant: MERCHANT.to_owned(),
        // Another device, whose name has the first one's in it.
        devices: vec![
            Device::new(device(whose), "SN-0034"),
            Device::new(&format!("{}0", device(whose)), "SN-0340"),
        ],
        faults: Default::default(),
    };
    double::Provider::start(config).await.unwrap()
}

fn with_key(whose: Whose, key: &str) -> Provider {
    let key = Zeroizing::new(key.to_owned());
    match whose {
        Whose::Stripe => Provider::stripe(key),
        Whose::SumUp => Provider::sumup(key, MERCHANT),
        Whose::Adyen => Provider::adyen(key, MERCHANT),
    }
    .unwrap()
}

fn at(double: &double::Provider, whose: Whose) -> Provider {
    with_key(whose, KEY).through(site(&double.url()))
}

fn site(address: &str) -> Site {
    Site::parse(address).unwrap()
}

fn strike(double: &double::Provider, struck: Struck, fault: Fault) {
    double.faults().set(Faults {
        fault: Some((struck, fault)),
        ..Faults::default()
    });
}

fn heal(double: &double::Provider) {
    double.faults().set(Faults::default());
}

#[tokio::test]
async fn a_device_is_looked_at_stopped_and_read_back() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        assert_eq!(provider.test().await, Ok(()), "{whose:?}");
        let known = provider.look(device(whose)).await.unwrap();
        assert_eq!(known.serial.as_deref(), Some("SN-0034"), "{whose:?}");
        let seen = known.last_seen_at.unwrap().0;
        assert_eq!(seen / 1_000, 1_774_000_000, "{whose:?}");
        let address = (whose != Whose::SumUp).then(|| "192.168.1.25".to_owned());
        assert_eq!(known.address, address, "{whose:?}");
        assert!(known.told.contains(device(whose)) && !known.is_busy);
        assert_eq!(
            provider.standing(device(whose)).await,
            Ok(Standing::Working),
            "{whose:?}"
        );
        assert_eq!(provider.stop(device(whose)).await, Ok(()), "{whose:?}");
        assert_eq!(
            provider.standing(device(whose)).await,
            Ok(Standing::Stopped),
            "{whose:?}"
        );
        // The other one works on.
        let other = format!("{}0", device(whose));
        assert_eq!(
            provider.standing(&other).await,
            Ok(Standing::Working),
            "{whose:?}"
        );
        assert_eq!(double.standing(&other), Some(double::Standing::Working));
    }
}

#[tokio::test]
async fn what_is_in_progress_is_not_stopped() {
    let double = start(Whose::Adyen).await;
    let provider = at(&double, Whose::Adyen);
    double.faults().set(Faults {
        stops_after_looks: 2,
        ..Faults::default()
    });
    let device = device(Whose::Adyen);
    assert_eq!(provider.stop(device).await, Ok(()));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(provider.standing(device).await.unwrap());
    }
    let wanted = [
        Standing::InProgress,
        Standing::InProgress,
        Standing::Stopped,
        Standing::Stopped,
    ];
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn what_is_under_way_at_stripe_is_cancelled_before_the_reader_is_deleted() {
    let device = Device {
        is_busy: true,
        ..Device::new(device(Whose::Stripe), "SN-0034")
    };
    let id = device.id.clone();
    let config = ProviderConfig {
        brand: Whose::Stripe,
        port: 0,
        key: KEY.to_owned(),
        merchant: String::new(),
        devices: vec![device],
        faults: Default::default(),
    };
    let double = double::Provider::start(config).await.unwrap();
    let provider = at(&double, Whose::Stripe);
    assert!(provider.look(&id).await.unwrap().is_busy);
    // The first change is refused, which is the cancelling: the reader is deleted all the same.
    double.faults().set(Faults {
        fault: Some((Struck::Changes, Fault::Says(400))),
        times: Some(1),
        ..Faults::default()
    });
    assert_eq!(provider.stop(&id).await, Ok(()));
    let path = format!("/v1/terminal/readers/{id}");
    let wanted = [
        format!("GET {path}"),
        format!("GET {path}"),
        format!("POST {path}/cancel_action"),
        format!("DELETE {path}"),
    ];
    assert_eq!(double.journal(), wanted);
    // Asked again, nothing is done again.
    assert_eq!(provider.stop(&id).await, Ok(()));
    assert_eq!(double.journal()[4..], [format!("GET {path}")]);
}

#[tokio::test]
async fn a_stop_without_an_answer_is_unknown_and_read_back_as_it_is() {
    for whose in BRANDS {
        for fault in [Fault::Silent, Fault::Closes, Fault::Endless] {
            let double = start(whose).await;
            let provider = at(&double, whose);
            strike(&double, Struck::Changes, fault.clone());
            let asked = at(&double, whose).patient(HASTY).stop(device(whose)).await;
            assert!(
                matches!(asked, Err(Trouble::Unknown { .. })),
                "{whose:?} {fault:?}: {asked:?}"
            );
            // It was done.
            assert_eq!(
                provider.standing(device(whose)).await,
                Ok(Standing::Stopped),
                "{whose:?}"
            );
        }
        for fault in [Fault::Drops, Fault::Says(500), Fault::Says(503), Fault::Redirects] {
            let double = start(whose).await;
            let provider = at(&double, whose);
            let is_done = fault == Fault::Redirects;
            strike(&double, Struck::Changes, fault.clone());
            let asked = provider.stop(device(whose)).await;
            assert!(
                matches!(asked, Err(Trouble::Unknown { .. })),
                "{whose:?} {fault:?}: {asked:?}"
            );
            let wanted = if is_done {
                Standing::Stopped
            } else {
                Standing::Working
            };
            assert_eq!(
                provider.standing(device(whose)).await,
                Ok(wanted),
                "{whose:?} {fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stop_that_is_only_said_is_not_believed() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        strike(&double, Struck::Changes, Fault::Lies);
        assert_eq!(provider.stop(device(whose)).await, Ok(()));
        assert_eq!(
            provider.standing(device(whose)).await,
            Ok(Standing::Working),
            "{whose:?}"
        );
    }
}

#[tokio::test]
async fn no_answer_but_the_right_one_says_stopped() {
    let faults = [
        Fault::Says(401),
        Fault::Says(403),
        Fault::Says(404),
        Fault::Says(500),
        Fault::Busy("2"),
        Fault::Silent,
        Fault::Closes,
        Fault::Drops,
        Fault::Other,
        Fault::Garbled,
        Fault::Endless,
        Fault::Redirects,
    ];
    for whose in BRANDS {
        for is_stopped in [false, true] {
            for fault in &faults {
                let double = start(whose).await;
                let provider = at(&double, whose);
                if is_stopped {
                    provider.stop(device(whose)).await.unwrap();
                }
                strike(&double, Struck::Looks, fault.clone());
                let is_silent = matches!(fault, Fault::Silent);
                let patience = if is_silent { HASTY } else { Patience::default() };
                let standing = at(&double, whose).patient(patience).standing(device(whose)).await;
                let is_claimed = matches!(standing, Ok(Standing::Stopped | Standing::InProgress));
                assert!(is_stopped || !is_claimed, "{whose:?} {fault:?}: {standing:?}");
                heal(&double);
                let wanted = if is_stopped {
                    Standing::Stopped
                } else {
                    Standing::Working
                };
                assert_eq!(
                    provider.standing(device(whose)).await,
                    Ok(wanted),
                    "{whose:?} {fault:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_answer_about_another_device_or_without_an_end_is_none() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        strike(&double, Struck::Looks, Fault::Other);
        assert!(provider.look(device(whose)).await.is_err(), "{whose:?}");
        assert!(provider.standing(device(whose)).await.is_err(), "{whose:?}");
        strike(&double, Struck::All, Fault::Endless);
        let why = "length limit exceeded".to_owned();
        let standing = provider.standing(device(whose)).await;
        assert_eq!(standing, Err(Trouble::Unknown { why }), "{whose:?}");
    }
}

#[tokio::test]
async fn a_pairing_that_is_not_found_but_listed_is_not_stopped() {
    let double = start(Whose::SumUp).await;
    double.faults().set(Faults {
        fault: Some((Struck::Looks, Fault::Says(404))),
        times: Some(1),
        ..Faults::default()
    });
    let standing = at(&double, Whose::SumUp).standing(device(Whose::SumUp)).await;
    assert_eq!(standing, Ok(Standing::Unknown));
}

#[tokio::test]
async fn an_answer_that_comes_twice_or_late_is_one_answer() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        double.faults().set(Faults {
            fault: Some((Struck::All, Fault::Twice)),
            delay_ms: 50,
            ..Faults::default()
        });
        assert_eq!(provider.stop(device(whose)).await, Ok(()), "{whose:?}");
        assert_eq!(
            provider.standing(device(whose)).await,
            Ok(Standing::Stopped),
            "{whose:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_has_the_providers_words_and_changes_nothing() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        for status in [400, 403, 409, 422] {
            strike(&double, Struck::Changes, Fault::Says(status));
            let code = if status == 403 { "forbidden" } else { "failed" };
            let wanted = Trouble::Refused {
                code: code.to_owned(),
                sentence: "Not so.".to_owned(),
            };
            assert_eq!(provider.stop(device(whose)).await, Err(wanted), "{whose:?}");
        }
        assert_eq!(double.standing(device(whose)), Some(double::Standing::Working));
    }
}

#[tokio::test]
async fn a_busy_provider_says_when_to_come_again_and_is_believed_within_bounds() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        for (says, seconds) in [("7", 7), ("0", 1), ("86400", 600), ("soon", 5)] {
            strike(&double, Struck::Changes, Fault::Busy(says));
            let retry_after = Duration::from_secs(seconds);
            assert_eq!(
                provider.stop(device(whose)).await,
                Err(Trouble::Throttled { retry_after }),
                "{whose:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_in_no_answer() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = with_key(whose, "rk_live_wrong").through(site(&double.url()));
        for refused in [
            provider.test().await,
            provider.stop(device(whose)).await,
            provider.look(device(whose)).await.map(drop),
            provider.standing(device(whose)).await.map(drop),
        ] {
            let Err(Trouble::Refused { code, sentence }) = refused else {
                panic!("{whose:?}: {refused:?}")
            };
            assert_eq!(
                (code.as_str(), sentence.as_str()),
                ("unauthorized", "Wrong key: …")
            );
        }
        assert_eq!(double.standing(device(whose)), Some(double::Standing::Working));
    }
    let provider = with_key(Whose::Stripe, KEY);
    for said in [
        "Invalid API Key provided: rk_live_51Hq0Secret7",
        "Invalid API Key provided: rk_live_***********ret7",
        "Expired key 'rk_live_51Hq0Secret7'.",
        "Wrong: 51Hq0Secret7!",
    ] {
        let kept = provider.without_key(said);
        assert!(
            !kept.contains("Secret7") && !kept.contains("***") && kept.contains('…'),
            "{kept}"
        );
    }
    assert_eq!(
        provider.without_key("No such reader: 'tmr_1'"),
        "No such reader: 'tmr_1'"
    );
    assert_eq!(format!("{provider:?}"), "Provider(Stripe)");
}

#[tokio::test]
async fn a_device_that_was_never_known_is_told_apart_from_a_stopped_one() {
    for whose in BRANDS {
        let double = start(whose).await;
        let provider = at(&double, whose);
        for unknown in ["tmr_other", "", "a/b", "..", "a?b", "店", &"x".repeat(100)] {
            assert_eq!(
                provider.look(unknown).await,
                Err(Trouble::NoSuchDevice),
                "{whose:?} {unknown}"
            );
            assert_eq!(
                provider.stop(unknown).await,
                Err(Trouble::NoSuchDevice),
                "{whose:?} {unknown}"
            );
        }
        // A part of a name is no name.
        let part = &device(whose)[..12];
        assert_eq!(provider.look(part).await, Err(Trouble::NoSuchDevice), "{whose:?}");
        assert!(double.journal().iter().all(|asked| !asked.contains("..")));
    }
}

#[tokio::test]
async fn a_merchant_that_the_key_does_not_know_stops_nothing() {
    let double = start(Whose::SumUp).await;
    let key = || Zeroizing::new(KEY.to_owned());
    let provider = Provider::sumup(key(), "ANOTHER1")
        .unwrap()
        .through(site(&double.url()));
    assert_eq!(
        provider.standing(device(Whose::SumUp)).await,
        Err(Trouble::NoSuchDevice)
    );
    assert_eq!(provider.test().await, Err(Trouble::NoSuchDevice));
}

#[test]
fn no_call_takes_longer_than_its_claim_counts_on() {
    let Patience { connect, answer } = Patience::default();
    let once = connect * 2 + answer;
    assert_eq!((once * 3, once * 2), (STOP_TIME_MAX, LOOK_TIME_MAX));
}

#[test]
fn what_is_no_key_no_merchant_or_no_safe_address_is_refused() {
    let key = |text: &str| Zeroizing::new(text.to_owned());
    for none in ["", "a b", "a\r\nHost: x", "密", &"k".repeat(600)] {
        assert_eq!(Provider::stripe(key(none)).err(), Some(WrongSetting::Key));
    }
    for none in ["", "a/b", "..", "a b"] {
        assert_eq!(
            Provider::sumup(key(KEY), none).err(),
            Some(WrongSetting::Merchant)
        );
        assert_eq!(
            Provider::adyen(key(KEY), none).err(),
            Some(WrongSetting::Merchant)
        );
    }
    for none in [
        "http://api.stripe.com",
        "api.stripe.com",
        "https://u:p@api.stripe.com",
    ] {
        assert_eq!(
            with_key(Whose::Stripe, KEY).at(none).err(),
            Some(WrongSetting::Address)
        );
    }
}

#[tokio::test]
async fn nobody_is_asked_when_nobody_listens() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let provider = with_key(Whose::SumUp, KEY).through(site(&format!("http://{nobody}")));
    let asked = provider.stop(device(Whose::SumUp)).await;
    assert!(matches!(asked, Err(Trouble::NotAsked { .. })), "{asked:?}");
}

/// A provider behind TLS that answers one question, with the certificate of `authority`.
async fn encrypted(authority: &Authority, host: &str) -> std::net::SocketAddr {
    let chain = vec![CertificateDer::from(authority.server_der.clone())];
    let key = PrivateKeyDer::try_from(authority.key_der.clone()).unwrap();
    let config = ServerConfig::builder_with_provider(std::sync::Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind((host, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let body = r#"{"object":"list","data":[]}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_key_goes_only_to_whom_a_trusted_certificate_names() {
    let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
    let trust = || Trust::only(vec![CertificateDer::from(ours.root_der.clone())]).unwrap();
    let to = |address| {
        let site = site(&format!("https://{address}"));
        with_key(Whose::Stripe, KEY).through(site).trusting(trust())
    };
    assert_eq!(to(encrypted(&ours, "127.0.0.1").await).test().await, Ok(()));
    let forged = encrypted(&theirs, "127.0.0.1").await;
    // The certificate names 127.0.0.1.
    let other_name = encrypted(&ours, "127.0.0.2").await;
    for address in [forged, other_name] {
        let Err(Trouble::NotAsked { why }) = to(address).test().await else {
            panic!("{address}")
        };
        assert!(why.contains("invalid peer certificate"), "{why}");
    }
}
