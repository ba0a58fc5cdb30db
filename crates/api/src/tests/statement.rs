//! Statements: looked at without a trace, taken in once, refused by their names; and the payments around a loss.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use domain::Timestamp;
use serde_json::{Value, json};

use super::{Answer, House, OURS, request};

/// A bill of WeChat Pay of one payment.
pub const NIGHT: &[u8] =
    "交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态\n\
    2026-09-14 20:00:00,4200000001,SH1,10450001,SUCCESS,20.00,0,0.00,\n"
        .as_bytes();
const WECHAT: &[u8] = include_bytes!("../../../statement/samples/wechat-trade-all.csv");
const WECHAT_FUND: &[u8] = include_bytes!("../../../statement/samples/wechat-fundflow.csv");
const CHINAUMS: &[u8] = include_bytes!("../../../statement/samples/chinaums-mx.xlsx");
const SQUARE: &[u8] = include_bytes!("../../../statement/samples/square-transactions.csv");
const ALIPAY: &[u8] = include_bytes!("../../../statement/samples/alipay-detail.zip");

const PATH: &str = "/api/v1/statements";
/// When the samples are of.
const DAY: &str = "2026-09-14";

/// A form with these fields, and a file.
pub fn form(token: &str, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Request<Body> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    if let Some((name, file)) = file {
        body.extend(
            format!("--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
                .bytes(),
        );
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(b"--XX--\r\n");
    let mut asked = request(Method::POST, PATH, token, None);
    let kind = "multipart/form-data; boundary=XX".parse().unwrap();
    asked.headers_mut().insert(header::CONTENT_TYPE, kind);
    *asked.body_mut() = Body::from(body);
    asked
}

impl House {
    async fn brings(&self, token: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> Answer {
        self.send(form(token, fields, Some(file))).await
    }

    /// Has a file for our shop S01 kept.
    pub async fn keeps(&self, token: &str, file: (&str, &[u8])) -> Answer {
        self.brings(token, &[("shop_id", "S01"), ("preview", "false")], file)
            .await
    }

    /// A statement of our shop S01.
    pub async fn statement(&self, token: &str) -> String {
        let kept = self.keeps(token, ("b.csv", NIGHT)).await.ok();
        kept["id"].as_str().unwrap().to_owned()
    }

    async fn statements(&self, token: &str) -> Vec<Value> {
        let listed = self.get(token, PATH).await.ok();
        listed["items"].as_array().unwrap().clone()
    }

    /// A loss whose window is of the samples' day, by the clock of the shop.
    pub async fn loses_on_the_day(&self, token: &str, terminal: &str, (from, to): (&str, &str)) -> String {
        let id = self.lose(token, terminal).await;
        let at = |time: &str| {
            let at: jiff::Timestamp = format!("{DAY}T{time}+08:00").parse().unwrap();
            at.as_millisecond()
        };
        let (from, to) = (at(from), at(to));
        self.behind_our_back(&format!(
            "UPDATE incident SET window_from_ms = {from}, window_to_ms = {to} WHERE incident_id = '{id}'"
        ));
        id
    }

    async fn payments(&self, token: &str, incident_id: &str) -> Value {
        let path = format!("/api/v1/incidents/{incident_id}/payments");
        self.get(token, &path).await.ok()
    }
}

fn texts(items: &Value, field: &str) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item[field].as_str().unwrap_or("null").to_owned())
        .collect()
}

#[tokio::test]
async fn a_preview_says_what_would_be_read_and_keeps_nothing() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let asked = [("terminal_id", "10450001"), ("preview", "true")];
    let preview = house.brings(&owner, &asked, ("9月.csv", WECHAT)).await;
    assert_eq!(preview.status, StatusCode::OK);
    let preview = preview.body;
    assert_eq!(preview["tables"][0]["kind"], "wechat-trade");
    assert_eq!(
        [
            &preview["name"],
            &preview["payment_count"],
            &preview["refused_count"],
            &preview["needs"]
        ],
        [&json!("9月.csv"), &json!(9), &json!(0), &Value::Null]
    );
    assert_eq!(preview["span"]["from"], "2026-09-14T01:12:05.000Z");
    assert_eq!(preview["covers"][0]["is_said"], false);
    assert_eq!(
        preview["items"][0]["amount"],
        json!({ "minor": 3850, "currency": "CNY" })
    );
    assert_eq!(preview["items"][0]["payer"], "oTES****xxxx");
    let agrees = preview["checks"].as_array().unwrap().iter();
    assert!(agrees.clone().count() >= 2 && agrees.clone().all(|check| check["agrees"] == true));
    // Unless it is said otherwise, it is a preview.
    house
        .brings(&owner, &[("shop_id", "S01")], ("a.csv", WECHAT))
        .await
        .ok();
    assert_eq!(house.statements(&owner).await, [] as [Value; 0]);
    let left = house
        .node
        .read(|tx| store::statement::amount_of(tx, super::merchant_id(OURS), Timestamp(0)));
    assert_eq!(left.await.unwrap(), store::statement::Amount::default());
    // A bill of a wallet says itself which day it covers.
    let said = house
        .brings(&owner, &[("shop_id", "S01")], ("a.zip", ALIPAY))
        .await
        .ok();
    assert_eq!(said["covers"][0]["is_said"], true);
    assert_eq!(said["covers"][0]["from"], "2026-09-13T16:00:00.000Z");
}

#[tokio::test]
async fn what_a_file_does_not_say_is_asked_for_and_what_nobody_knows_is_guessed() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let place = ("shop_id", "S01");
    let asked = house.brings(&owner, &[place], ("s.csv", SQUARE)).await.ok();
    assert_eq!(
        [&asked["needs"], &asked["is_recognised"], &asked["items"]],
        [&json!("currency"), &json!(true), &json!([])]
    );
    let kept = house.keeps(&owner, ("s.csv", SQUARE)).await;
    assert_eq!(kept.problem(422, "invalid_field").body["field"], "currency");
    let said = house
        .brings(&owner, &[place, ("currency", "usd")], ("s.csv", SQUARE))
        .await
        .ok();
    assert_eq!(
        (&said["needs"], &said["payment_count"]),
        (&Value::Null, &json!(6))
    );
    // A layout that nobody knows.
    let own =
        "交易时间,金额,状态\n2026-09-14 10:00:00,12.50,成功\n2026-09-14 11:00:00,十元,成功\n".as_bytes();
    let unknown = house.brings(&owner, &[place], ("收钱吧.csv", own)).await.ok();
    assert_eq!(unknown["is_recognised"], false);
    assert_eq!(unknown["mapping"]["columns"]["at"], "交易时间");
    let refused = house.keeps(&owner, ("收钱吧.csv", own)).await;
    refused.problem(422, "statement_not_recognised");
    assert_eq!(unknown["mapping_from"], "guessed");
    let outline = &unknown["outline"];
    assert_eq!(outline["header_row"], 1);
    assert_eq!(
        outline["rows"][1]["cells"],
        json!(["2026-09-14 10:00:00", "12.50", "成功"])
    );
    assert_eq!(
        outline["columns"][2],
        json!({ "name": "状态", "samples": ["成功"], "words": ["成功"] })
    );
    let mapping = unknown["mapping"].to_string();
    let fields = [place, ("mapping", &*mapping), ("currency", "CNY")];
    let mut read = house.brings(&owner, &fields, ("收钱吧.csv", own)).await.ok();
    assert_eq!(
        (&read["payment_count"], &read["refused_count"]),
        (&json!(1), &json!(1))
    );
    let row = &read["refused_rows"][0];
    assert_eq!((&row["row"], &row["code"]), (&json!(3), &json!("amount")));
    assert_eq!(row["zh"], "“金额”不是金额。");
    assert_eq!(row["en"], "What stands in 金额 is no amount.");
    // Who brought it sees it again, to say what the columns are; no refusal repeats it.
    let shown = read["outline"].as_object_mut().unwrap();
    shown.clear();
    assert!(!read.to_string().contains("十元"));
}

#[tokio::test]
async fn a_mapping_is_kept_with_its_file_and_fits_the_next_one() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let place = ("shop_id", "S01");
    let file = |day: u32| {
        format!(
            "某行对账单\n何时,多少,怎样\n2026-09-{day} 10:00:00,12.50,收\n2026-09-{day} 11:00:00,3.00,退\n"
        )
    };
    // Headings that nobody knows: what is there is told, and where they are may be said.
    let first = file(14);
    let unknown = house
        .brings(&owner, &[place], ("a.csv", first.as_bytes()))
        .await
        .ok();
    assert_eq!(
        (&unknown["is_recognised"], &unknown["mapping"]["columns"]["at"]),
        (&json!(false), &json!(""))
    );
    assert_eq!(
        texts(&unknown["outline"]["columns"], "name"),
        ["何时", "多少", "怎样"]
    );
    let row = [place, ("header_row", "3")];
    let said = house.brings(&owner, &row, ("a.csv", first.as_bytes())).await.ok();
    assert_eq!(said["outline"]["columns"][1]["name"], "12.50");
    for wrong in ["0", "201", "one"] {
        let row = [place, ("header_row", wrong)];
        let refused = house.brings(&owner, &row, ("a.csv", first.as_bytes())).await;
        assert_eq!(refused.problem(422, "invalid_field").body["field"], "header_row");
    }
    let mapping = json!({
        "name": "某行", "columns": { "at": "何时", "amount": "多少", "type": "怎样" },
        "types": { "收": "sale", "退": "refund" },
    });
    let json = mapping.to_string();
    let currency = ("currency", "cny");
    let fields = [place, currency, ("mapping", &*json)];
    let read = house
        .brings(&owner, &fields, ("a.csv", first.as_bytes()))
        .await
        .ok();
    assert_eq!(
        (&read["mapping_from"], &read["payment_count"]),
        (&json!("sent"), &json!(2))
    );
    assert_eq!(texts(&read["items"], "direction"), ["sale", "refund"]);
    // Looked at is not kept: the next one is guessed.
    let next = file(15);
    let before = house
        .brings(&owner, &[place], ("b.csv", next.as_bytes()))
        .await
        .ok();
    assert_eq!(before["mapping_from"], "guessed");
    let fields = [place, currency, ("mapping", &*json), ("preview", "false")];
    let kept = house
        .brings(&owner, &fields, ("a.csv", first.as_bytes()))
        .await
        .ok();
    assert_eq!(kept["mapping"]["types"]["退"], "refund");
    // What was said beside it is part of how it was read.
    assert_eq!(kept["mapping"]["currency"], "CNY");
    let after = house
        .brings(&owner, &[place], ("b.csv", next.as_bytes()))
        .await
        .ok();
    assert_eq!(
        [
            &after["mapping_from"],
            &after["is_recognised"],
            &after["payment_count"]
        ],
        [&json!("kept"), &json!(true), &json!(2)]
    );
    assert_eq!(after["mapping"], kept["mapping"]);
    // It does not read what has other columns, and what is public needs none.
    let other = next.replace("怎样", "什么");
    let other = house
        .brings(&owner, &[place], ("c.csv", other.as_bytes()))
        .await
        .ok();
    assert_eq!(other["mapping_from"], "guessed");
    let public = house.brings(&owner, &[place], ("d.csv", NIGHT)).await.ok();
    assert_eq!(
        [&public["mapping"], &public["mapping_from"], &public["outline"]],
        [&Value::Null; 3]
    );
}

#[tokio::test]
async fn a_form_that_is_none_and_a_file_that_cannot_be_read_are_refused_by_their_names() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let shop = ("shop_id", "S01");
    for (fields, file, status, code) in [
        (&[shop][..], Some(&b""[..]), 422, "invalid_field"),
        (&[shop], None, 422, "invalid_field"),
        (&[], Some(NIGHT), 422, "invalid_field"),
        (&[shop, ("preview", "yes")], Some(NIGHT), 422, "invalid_field"),
        (&[shop, ("currency", "RMB")], Some(NIGHT), 422, "invalid_field"),
        (&[shop, ("zone", "Mars")], Some(NIGHT), 422, "invalid_field"),
        (&[shop, ("mapping", "{")], Some(NIGHT), 422, "invalid_field"),
        (&[shop, shop], Some(NIGHT), 422, "invalid_field"),
        (&[shop, ("colour", "red")], Some(NIGHT), 422, "invalid_field"),
        (&[("shop_id", "S99")], Some(NIGHT), 404, "shop_not_found"),
        (
            &[("terminal_id", "10450009")],
            Some(NIGHT),
            404,
            "terminal_not_found",
        ),
        (
            &[("shop_id", "S02"), ("terminal_id", "10450001")],
            Some(NIGHT),
            422,
            "invalid_field",
        ),
        (&[shop], Some(b"PK\x03\x04 broken"), 422, "statement_unreadable"),
        (
            &[
                shop,
                ("mapping", r#"{"name":"","columns":{"at":"a","amount":"b"}}"#),
            ],
            Some(NIGHT),
            422,
            "statement_mapping_unfit",
        ),
    ] {
        for preview in ["true", "false"] {
            let mut fields = fields.to_vec();
            if !fields.iter().any(|(name, _)| *name == "preview") {
                fields.push(("preview", preview));
            }
            let asked = form(&owner, &fields, file.map(|file| ("a.csv", file)));
            let answer = house.send(asked).await;
            assert_eq!(answer.code(), code, "{fields:?} {}", answer.body);
            answer.problem(status, code);
        }
    }
    let plain = request(Method::POST, PATH, &owner, Some(json!({})));
    house.send(plain).await.problem(415, "unsupported_media_type");
    let mut broken = form(&owner, &[shop], Some(("a.csv", NIGHT)));
    *broken.body_mut() = Body::from("--XX\r\n");
    house.send(broken).await.problem(400, "malformed_request");
    assert_eq!(house.statements(&owner).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_sent_and_one_at_a_time_is_read() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let mut large = form(&owner, &[("shop_id", "S01")], None);
    large
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "33685505".parse().unwrap());
    // Whoever waited for it would wait for ever.
    *large.body_mut() = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    house.send(large).await.problem(413, "body_too_large");
    let _place = house.state.statements.take("owner").unwrap();
    let busy = house.keeps(&owner, ("b.csv", NIGHT)).await;
    assert!(
        busy.problem(429, "statements_busy")
            .headers
            .contains_key(header::RETRY_AFTER)
    );
}

#[tokio::test]
async fn a_file_with_too_many_payments_leaves_nothing() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let (head, row) = std::str::from_utf8(NIGHT).unwrap().split_once('\n').unwrap();
    let mut file = format!("{head}\n");
    for number in 0..=domain::statement::PAYMENTS_MAX {
        file.push_str(&row.replace("4200000001", &format!("42{number:08}")));
    }
    // Looking is enough: it is not written as far as it goes.
    let fields = [("shop_id", "S01")];
    let refused = house.brings(&owner, &fields, ("b.csv", file.as_bytes())).await;
    refused.problem(422, "statement_too_long");
    assert_eq!(house.statements(&owner).await, [] as [Value; 0]);
}

#[tokio::test]
async fn the_same_file_twice_is_one_and_others_see_nothing_of_it() {
    let house = House::new().await;
    let (owner, manager) = (house.token("owner").await, house.token("manager").await);
    let (stranger, auditor) = (house.token("stranger").await, house.token("auditor").await);
    let first = house.keeps(&owner, ("../账单\u{202E}.xlsx", CHINAUMS)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let kept = first.body;
    assert_eq!(
        [
            &kept["name"],
            &kept["kinds"],
            &kept["payment_count"],
            &kept["added_count"],
            &kept["by"]
        ],
        [
            &json!("账单.xlsx"),
            &json!(["chinaums-mx"]),
            &json!(8),
            &json!(8),
            &json!("name of owner")
        ]
    );
    let again = house.keeps(&manager, ("b.xlsx", CHINAUMS)).await;
    assert_eq!((again.status, &again.body["id"]), (StatusCode::OK, &kept["id"]));
    let looked = house
        .brings(&manager, &[("shop_id", "S01")], ("b.xlsx", CHINAUMS))
        .await
        .ok();
    assert_eq!(looked["statement"]["id"], kept["id"]);
    assert_eq!(house.statements(&owner).await.len(), 1);
    let path = format!("{PATH}/{}", kept["id"].as_str().unwrap());
    assert_eq!(house.get(&auditor, &path).await.ok()["actions"], json!([]));
    house
        .keeps(&auditor, ("a.csv", NIGHT))
        .await
        .problem(403, "not_allowed");
    assert_eq!(house.statements(&stranger).await, [] as [Value; 0]);
    house
        .get(&stranger, &path)
        .await
        .problem(404, "statement_not_found");
    house
        .keeps(&stranger, ("a.csv", NIGHT))
        .await
        .problem(404, "shop_not_found");
    let listed = |query: &'static str| {
        let path = format!("{PATH}?{query}");
        let (house, owner) = (&house, &owner);
        async move {
            house.get(owner, &path).await.ok()["items"]
                .as_array()
                .unwrap()
                .len()
        }
    };
    assert_eq!(listed("shop_id=S01").await, 1);
    assert_eq!(listed("terminal_id=10450001").await, 1);
    assert_eq!(listed("shop_id=S02").await, 0);
    assert_eq!(listed("terminal_id=10450003").await, 0);
    house
        .get(&owner, &format!("{PATH}?shop_id=S09"))
        .await
        .problem(404, "shop_not_found");
}

#[tokio::test]
async fn payments_around_a_loss_are_told_with_their_holes_and_sums() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    // The samples' second terminal is ours.
    house.behind_our_back("UPDATE terminal SET serial = '00990002' WHERE terminal_id = '10450001'");
    let id = house
        .loses_on_the_day(&owner, "10450001", ("08:00:00", "23:59:59"))
        .await;
    let empty = house.payments(&owner, &id).await;
    assert_eq!(empty["holes"], json!([empty["window"]]));
    assert_eq!((&empty["items"], &empty["totals"]), (&json!([]), &json!([])));
    let first = house.keeps(&owner, ("a.csv", WECHAT)).await.ok();
    let shown = house.payments(&owner, &id).await;
    // 00990001 is nobody's here: it may be a name that the shop's people gave.
    assert_eq!(
        texts(&shown["items"], "terminal"),
        [
            "00990001", "null", "00990002", "00990002", "00990002", "00990002", "00990002", "00990002",
            "null"
        ]
    );
    let holes = [
        ("from", "2026-09-14T00:00:00.000Z"),
        ("to", "2026-09-14T01:12:05.000Z"),
    ];
    for (side, at) in holes {
        assert_eq!(shown["holes"][0][side], at);
    }
    assert_eq!(
        shown["totals"],
        json!([{
            "currency": "CNY",
            "certain": {
                "sale_count": 2, "sale_minor": 13_400, "refund_count": 3, "refund_minor": 203_400, "unknown_count": 0
            },
            "possible": {
                "sale_count": 3, "sale_minor": 13_950, "refund_count": 0, "refund_minor": 0, "unknown_count": 0
            },
        }])
    );
    // The fund bill has four of them again, and none of them twice.
    let second = house.keeps(&owner, ("b.csv", WECHAT_FUND)).await.ok();
    assert_eq!(
        second["added_count"],
        json!(second["payment_count"].as_i64().unwrap() - 4)
    );
    let both = house.payments(&owner, &id).await;
    assert_eq!(both["items"].as_array().unwrap().len(), 10);
    // Dollars are a sum of their own.
    let fields = [("shop_id", "S01"), ("preview", "false"), ("currency", "USD")];
    house.brings(&owner, &fields, ("s.csv", SQUARE)).await.ok();
    let with_dollars = house.payments(&owner, &id).await;
    assert_eq!(texts(&with_dollars["totals"], "currency"), ["CNY", "USD"]);
    assert_eq!(with_dollars["totals"][0], both["totals"][0]);
    // Page by page.
    let mut path = format!("/api/v1/incidents/{id}/payments?limit=7");
    let mut rows = 0;
    while rows < 100 {
        let page = house.get(&owner, &path).await.ok();
        rows += page["items"].as_array().unwrap().len();
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/incidents/{id}/payments?limit=7&cursor={cursor}");
    }
    assert_eq!(rows, with_dollars["items"].as_array().unwrap().len());
    // Taking the first back loses nothing of the second.
    let back = format!("{PATH}/{}/withdraw", first["id"].as_str().unwrap());
    house
        .post(&owner, &back, json!({ "ground": " " }))
        .await
        .problem(422, "invalid_field");
    let taken = house
        .post(&owner, &back, json!({ "ground": "传错了" }))
        .await
        .ok();
    assert_eq!(
        [&taken["state"], &taken["withdrawn"]["ground"], &taken["actions"]],
        [&json!("withdrawn"), &json!("传错了"), &json!([])]
    );
    house
        .post(&owner, &back, json!({ "ground": "again" }))
        .await
        .problem(409, "wrong_state");
    let left = house.payments(&owner, &id).await;
    let kept = left["items"].as_array().unwrap().iter();
    let of_second = kept.filter(|item| item["statement_id"] == second["id"]).count();
    assert_eq!(of_second as i64, second["payment_count"].as_i64().unwrap());
    // Somebody else's loss is none.
    let stranger = house.token("stranger").await;
    house
        .get(&stranger, &format!("/api/v1/incidents/{id}/payments"))
        .await
        .problem(404, "incident_not_found");
}

#[tokio::test]
async fn a_sample_comes_out_as_it_went_in() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house
        .loses_on_the_day(&owner, "10450002", ("00:00:00", "23:59:59"))
        .await;
    house.keeps(&owner, ("账单.xlsx", CHINAUMS)).await.ok();
    let shown = house.payments(&owner, &id).await;
    let expected = include_str!("../../../statement/samples/chinaums-mx.xlsx.expected.json");
    let expected: Vec<Value> = serde_json::from_str(expected).unwrap();
    let items = shown["items"].as_array().unwrap();
    assert_eq!(items.len(), expected.len());
    for (item, expected) in items.iter().zip(&expected) {
        let at = |value: &Value| -> jiff::Timestamp { value.as_str().unwrap().parse().unwrap() };
        assert_eq!(at(&item["at"]), at(&expected["at"]));
        assert_eq!(item["amount"]["minor"], expected["amount_minor"]);
        assert_eq!(item["amount"]["currency"], expected["currency"]);
        for field in ["direction", "state", "method", "order_id", "terminal"] {
            assert_eq!(item[field], expected[field], "{field}");
        }
        assert_eq!(item["file_row"], expected["raw_row"]);
        assert_eq!(
            (&item["is_certain"], &item["in_window"]),
            (&json!(false), &json!(true))
        );
    }
    assert_eq!(items[0]["card"], "622200******0001");
}
