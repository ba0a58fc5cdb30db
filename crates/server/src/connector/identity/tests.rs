//! Providers asked over a real socket, their double checking each signature.

use domain::registration::Kind;
use simulator::control::Control;
use simulator::identity::{Fault, Identity as Double, IdentityConfig};

use super::*;

const ID: &str = "LTAI5tTestKeyId";
const SECRET: &str = "an-access-key-secret-of-the-house";
const AUTH_CODE: &str = "aZ3fAuthCode";

fn keys(secret: &str, auth_code: Option<&str>) -> Keys {
    let auth_code = auth_code.map_or(String::new(), |code| format!("auth_code={code}\n"));
    Keys::parse(&format!("id={ID}\nsecret={secret}\n{auth_code}")).unwrap()
}

async fn double(fault: Option<Fault>) -> Double {
    let control = Control::default();
    control.set(fault);
    let config = IdentityConfig {
        port: 0,
        key_id: ID.into(),
        secret: SECRET.into(),
        auth_code: AUTH_CODE.into(),
        fault: control,
    };
    Double::start(config).await.unwrap()
}

/// The double answers by the name that is asked for.
fn said(person: &str, business: &str) -> Said {
    Said {
        kind: Kind::Enterprise,
        business_name: business.into(),
        credit_code: "91110101MA0TXXX113".into(),
        person_name: person.into(),
        identity_number: "110101180001010015".into(),
        mobile: "+8613800138000".into(),
        login: "shop".into(),
    }
}

fn asked_at(double: &Double, which: Which, keys: Keys) -> Box<dyn Identity> {
    let elsewhere = double.url().parse().unwrap();
    Identities::new(Some(elsewhere)).of(which, keys, node::now)
}

const SAME: Checked = Checked::told(Outcome::Same);

#[tokio::test]
async fn what_a_provider_says_is_one_of_five_outcomes() {
    let double = double(None).await;
    for which in Which::ALL {
        let provider = asked_at(&double, which, keys(SECRET, Some(AUTH_CODE)));
        for (name, outcome) in [
            ("测试甲", Outcome::Same),
            ("不符甲", Outcome::Differs),
            ("无录甲", Outcome::NoRecord),
            ("怪样甲", Outcome::CannotTell),
            ("停机甲", Outcome::Down),
            ("内错甲", Outcome::Down),
        ] {
            let checked = provider.person(&said(name, "测试商行")).await.unwrap();
            assert_eq!(checked.outcome, outcome, "{which:?} {name}");
        }
    }
    let aliyun = asked_at(&double, Which::Aliyun, keys(SECRET, Some(AUTH_CODE)));
    for (name, checked) in [
        ("测试商行", SAME),
        (
            "停业商行",
            Checked::because(Outcome::Differs, Because::NotOperating),
        ),
        ("不符商行", Checked::because(Outcome::Differs, Because::OfAnother)),
        ("无录商行", Checked::told(Outcome::NoRecord)),
        ("怪样商行", Checked::told(Outcome::CannotTell)),
    ] {
        assert_eq!(aliyun.company(&said("测试甲", name)).await, Ok(checked), "{name}");
    }
}

#[tokio::test]
async fn who_has_no_check_of_businesses_is_not_asked_for_one() {
    let double = double(None).await;
    let unasked = Err(NOT_OFFERED);
    let tencent = asked_at(&double, Which::Tencent, keys(SECRET, None));
    assert_eq!(tencent.company(&said("测试甲", "测试商行")).await, unasked);
    let aliyun = asked_at(&double, Which::Aliyun, keys(SECRET, None));
    assert_eq!(aliyun.company(&said("测试甲", "测试商行")).await, unasked);
    // Nor with a key that no header can hold.
    for which in Which::ALL {
        let kept = Keys::parse(&format!("id=A\u{7f}\nsecret={SECRET}\n")).unwrap();
        let broken = asked_at(&double, which, kept);
        let unusable = Checked::because(Outcome::CannotTell, Because::KeysUnusable);
        let checked = broken.person(&said("测试甲", "")).await;
        assert_eq!(checked, Err(NotAsked::Never(unusable)));
    }
    assert!(double.asked().is_empty());
}

#[tokio::test]
async fn a_wrong_key_tells_nothing_and_stands_in_no_answer() {
    let double = double(None).await;
    for which in Which::ALL {
        let provider = asked_at(&double, which, keys("another-secret", Some(AUTH_CODE)));
        let checked = provider.person(&said("测试甲", "测试商行")).await;
        assert_eq!(checked, Ok(NOT_TAKEN), "{which:?}");
    }
    let aliyun = asked_at(&double, Which::Aliyun, keys(SECRET, Some("another")));
    assert_eq!(aliyun.company(&said("测试甲", "测试商行")).await, Ok(NOT_TAKEN));
}

#[tokio::test]
async fn what_may_have_arrived_is_down_and_what_surely_did_not_is_asked_again() {
    let down = Ok(Checked::because(Outcome::Down, Because::NoAnswer));
    for (fault, came) in [
        (Fault::Closes, down),
        (Fault::Says(503), down),
        (Fault::Garbled, Ok(UNREADABLE)),
        (Fault::Busy(7), Err(NotAsked::Busy(Duration::from_secs(7)))),
        (Fault::Throttles, Err(NotAsked::Busy(BUSY))),
    ] {
        let double = double(Some(fault.clone())).await;
        for which in Which::ALL {
            let provider = asked_at(&double, which, keys(SECRET, Some(AUTH_CODE)));
            assert_eq!(
                provider.person(&said("测试甲", "")).await,
                came,
                "{which:?} {fault:?}"
            );
        }
    }
    let gone = double(None).await;
    let provider = asked_at(&gone, Which::Aliyun, keys(SECRET, Some(AUTH_CODE)));
    gone.end().await;
    assert_eq!(
        provider.person(&said("测试甲", "")).await,
        Err(NotAsked::NotReached)
    );
}

#[test]
fn keys_are_read_as_the_settings_keep_them() {
    let kept = Keys::parse("id=A\nsecret=b=c\n").unwrap();
    assert_eq!((kept.id.as_str(), kept.secret.as_str()), ("A", "b=c"));
    assert!(kept.auth_code.is_none());
    assert!(Keys::parse("id=A\n").is_none() && Keys::parse("").is_none());
}
