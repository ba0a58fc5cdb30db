//! The settings of the house.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, House, request};

const SETTINGS: &str = "/api/v1/settings";

async fn put(house: &House, token: &str, said: Value) -> Answer {
    house
        .send(request(Method::PUT, SETTINGS, token, Some(said)))
        .await
}

#[tokio::test]
async fn the_address_that_mails_lead_to_is_a_host_and_nothing_else() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    for (said, kept) in [
        ("https://till.shop.example", "https://till.shop.example"),
        (
            " https://Till.Shop.example:8443/ ",
            "https://till.shop.example:8443",
        ),
        ("http://192.168.1.7:8080", "http://192.168.1.7:8080"),
        ("http://[fd00::7]:8080", "http://[fd00::7]:8080"),
    ] {
        let settings = put(&house, &risk, json!({ "address": said })).await.ok();
        assert_eq!(settings["address"], kept, "{said}");
    }
    for wrong in [
        "till.shop.example",
        "ftp://till.shop.example",
        "javascript:alert(1)",
        "https://",
        "https://li@till.shop.example",
        "https://till.shop.example/incidents",
        "https://till.shop.example/?a=b",
        "https://till.shop.example/#a",
        "https://till.shop.example\nhttps://other.example",
        "/incidents",
        "",
    ] {
        let refused = put(&house, &risk, json!({ "address": wrong })).await;
        assert_eq!(
            refused.problem(422, "invalid_field").body["field"],
            "address",
            "{wrong}"
        );
    }
    let away = put(&house, &risk, json!({ "address": null })).await.ok();
    assert_eq!(away["address"], serde_json::Value::Null);
}

#[tokio::test]
async fn who_administers_changes_some_and_the_others_stay() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let before = house.get(&risk, SETTINGS).await.ok();
    assert_eq!(
        before,
        json!({
            "mode": "acquirer", "language": "zh", "time_zone": "Asia/Shanghai", "currency": "CNY",
            "address": null, "mail_from": null, "smtp_url_set": false, "host_address": null, "acquirer_code": null,
            "zone_keys_set": false, "second_factor_from": null, "takes_registrations": false, "watch": "ask", "identity_provider": null,
            "identity_daily_limit": 100, "gate": "off", "actions": ["change", "test_host", "test_mail"],
        })
    );
    let said = json!({ "smtp_url": "smtp://stop:s3cret@127.0.0.1:2525", "mail_from": "stop@shop.example" });
    let mail = put(&house, &risk, said).await.ok();
    assert_eq!(
        (&mail["smtp_url_set"], &mail["mail_from"], &mail["currency"]),
        (&json!(true), &json!("stop@shop.example"), &json!("CNY"))
    );
    let keys = json!({ "mac": "0123456789ABCDEF", "pin": "00112233445566778899aabbccddeeff" });
    let said = json!({ "host_address": "192.0.2.7:8583", "acquirer_code": "48273050", "zone_keys": keys, "time_zone": "Europe/London" });
    let host = put(&house, &risk, said).await.ok();
    assert_eq!(host["zone_keys_set"], true);
    assert_eq!(host["smtp_url_set"], true, "what was not said stays");
    let away = put(&house, &risk, json!({ "smtp_url": null, "time_zone": null }))
        .await
        .ok();
    assert_eq!(
        (&away["smtp_url_set"], &away["mail_from"], &away["time_zone"]),
        (
            &json!(false),
            &json!("stop@shop.example"),
            &json!("Europe/London")
        )
    );
    assert_eq!(house.get(&risk, SETTINGS).await.ok(), away);
    let events = house
        .node
        .read(|tx| store::event::after(tx, domain::event::Subject::Setting, "house", 0, 9))
        .await
        .unwrap();
    let told: Vec<_> = events.iter().map(|event| event.text.clone().unwrap()).collect();
    assert_eq!(
        told,
        [
            "mail_from, smtp_url",
            "time_zone, host_address, acquirer_code, zone_keys",
            "smtp_url"
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event.actor == "risk" && event.verb == "change")
    );
}

#[tokio::test]
async fn a_secret_setting_is_sealed_and_never_shown() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let keys = json!({ "mac": "0123456789ABCDEF", "pin": "FEDCBA9876543210" });
    let said = json!({ "smtp_url": "smtp://stop:s3cret@127.0.0.1", "zone_keys": keys });
    for body in [
        put(&house, &risk, said).await.ok(),
        house.get(&risk, SETTINGS).await.ok(),
    ] {
        let text = body.to_string();
        assert!(!text.contains("s3cret") && !text.contains("0123456789"), "{text}");
    }
    let settings = house.node.read(store::setting::get).await.unwrap().unwrap();
    let sealed = settings.smtp_url_sealed.unwrap();
    assert!(!sealed.windows(6).any(|six| six == b"s3cret"));
    let open = |purpose, name: &str, sealed: &[u8]| house.node.sealer.open(purpose, name, sealed);
    let opened = open(node::seal::Purpose::Setting, "smtp_url", &sealed).unwrap();
    assert_eq!(opened.as_slice(), b"smtp://stop:s3cret@127.0.0.1");
    assert!(open(node::seal::Purpose::Setting, "zone_keys", &sealed).is_err());
    let keys = settings.zone_keys_sealed.unwrap();
    let opened = open(node::seal::Purpose::Setting, "zone_keys", &keys).unwrap();
    assert_eq!(opened.as_slice(), b"mac=0123456789ABCDEF\npin=FEDCBA9876543210\n");
}

#[tokio::test]
async fn no_key_keeps_a_digest_of_a_secret() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    for host in ["one", "two"] {
        let said = json!({ "smtp_url": format!("smtp://stop:s3cret@{host}.example") });
        let mut asks = request(Method::PUT, SETTINGS, &risk, Some(said));
        asks.headers_mut()
            .insert("Idempotency-Key", "once".parse().unwrap());
        house.send(asks).await.ok();
    }
}

#[tokio::test]
async fn nobody_else_sees_or_changes_them() {
    let house = House::new().await;
    for login in ["owner", "manager", "auditor"] {
        let token = house.token(login).await;
        house.get(&token, SETTINGS).await.problem(403, "not_allowed");
        for said in [
            json!({}),
            json!({ "mail_from": "x@y.example" }),
            json!({ "currency": "XXX" }),
        ] {
            put(&house, &token, said).await.problem(403, "not_allowed");
        }
        house
            .post(
                &token,
                "/api/v1/settings/host/test",
                json!({ "host_address": "192.0.2.7:1" }),
            )
            .await
            .problem(403, "not_allowed");
        house
            .post(&token, "/api/v1/settings/mail/test", json!({}))
            .await
            .problem(403, "not_allowed");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_named_and_none_is_changed() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let before = house.get(&risk, SETTINGS).await.ok();
    for (said, field) in [
        (json!({ "language": "fr" }), "language"),
        (json!({ "time_zone": "Mars/Olympus" }), "time_zone"),
        (json!({ "currency": "cny" }), "currency"),
        (json!({ "mail_from": "stop" }), "mail_from"),
        (json!({ "smtp_url": "https://mail.example" }), "smtp_url"),
        (json!({ "host_address": "host" }), "host_address"),
        (json!({ "acquirer_code": "123456789012" }), "acquirer_code"),
        (
            json!({ "zone_keys": { "mac": "01" , "pin": "0123456789ABCDEF" } }),
            "zone_keys.mac",
        ),
        (
            json!({ "zone_keys": { "mac": "0123456789ABCDEF", "pin": "zz23456789ABCDEF" } }),
            "zone_keys.pin",
        ),
        (
            json!({ "zone_keys": { "mac": "0123456789ABCDEF" } }),
            "zone_keys.pin",
        ),
        (json!({ "mode": "shop" }), "mode"),
    ] {
        let mut all = said.clone();
        all["mail_from"] = said
            .get("mail_from")
            .cloned()
            .unwrap_or("stop@shop.example".into());
        let answer = put(&house, &risk, all).await;
        assert_eq!(answer.problem(422, "invalid_field").body["field"], field);
    }
    assert_eq!(house.get(&risk, SETTINGS).await.ok(), before);
}

#[tokio::test]
async fn a_test_of_the_host_says_what_it_saw_of_the_address_it_tried() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let test = async |said: Value| house.post(&risk, "/api/v1/settings/host/test", said).await;
    let nowhere = test(json!({})).await;
    assert_eq!(
        nowhere.problem(422, "invalid_field").body["field"],
        "host_address"
    );
    put(&house, &risk, json!({ "host_address": "192.0.2.7:8583" }))
        .await
        .ok();
    let tested = test(json!({})).await.ok();
    assert_eq!(
        (&tested["host_address"], &tested["reached"]),
        (&json!("192.0.2.7:8583"), &json!("kept"))
    );
    let other = test(json!({ "host_address": "192.0.2.8:1" })).await.ok();
    assert_eq!(other["host_address"], "192.0.2.8:1");
}

#[tokio::test]
async fn a_test_of_the_mail_server_is_of_the_one_kept_or_of_another_and_shows_neither() {
    let house = House::new().await;
    let risk = house.token("risk").await;
    let test = async |said: Value| house.post(&risk, "/api/v1/settings/mail/test", said).await;
    let nowhere = test(json!({})).await;
    assert_eq!(nowhere.problem(422, "invalid_field").body["field"], "smtp_url");
    put(
        &house,
        &risk,
        json!({ "smtp_url": "smtp://stop:s3cret@127.0.0.1" }),
    )
    .await
    .ok();
    let kept = test(json!({})).await.ok();
    assert_eq!((&kept["ready"], &kept["said"]), (&json!("ready"), &Value::Null));
    let other = test(json!({ "smtp_url": "smtp://stop:s3cret@mail.example" }))
        .await
        .ok();
    assert_eq!(
        (&other["ready"], &other["said"]),
        (&json!("refused"), &json!("AUTH: 535"))
    );
    assert!(!format!("{kept}{other}").contains("s3cret"));
    let wrong = test(json!({ "smtp_url": "mail.example" })).await;
    assert_eq!(wrong.problem(422, "invalid_field").body["field"], "smtp_url");
}
