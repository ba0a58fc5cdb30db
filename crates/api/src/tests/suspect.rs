//! Payments around a loss: ranked with reasons in the language asked for, page by page, marked by people, and as a table.

use axum::http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::documents::packet;
use super::statement::NIGHT;
use super::{Answer, House, request};

/// A bill of WeChat Pay: twenty sales in the hours before, and money back that nobody paid.
fn bill() -> Vec<u8> {
    let heads =
        "交易时间,微信订单号,商户订单号,设备号,交易状态,订单金额,微信退款单号,申请退款金额,退款状态\n";
    let sales = (0..20).map(|nth| {
        let (hour, minute) = (10 + nth / 4, nth % 4 * 15);
        format!(
            "2026-09-14 {hour}:{minute:02}:00,42{nth:02},SH{nth},10450001,SUCCESS,{}.00,0,0.00,\n",
            20 + nth
        )
    });
    let back =
        "2026-09-14 20:50:00,4299,SH99,10450001,REFUND,=4800.00,5001,4800.00,SUCCESS\n".replace('=', "");
    (heads.to_owned() + &sales.collect::<String>() + &back).into_bytes()
}

impl House {
    /// A loss on the day of the bill, which the owner brought; what is asked of its payments.
    pub async fn suspected(&self) -> (String, String) {
        let owner = self.token("owner").await;
        self.keeps(&owner, ("b.csv", &bill())).await.ok();
        let id = self
            .loses_on_the_day(&owner, "10450001", ("20:30:00", "21:00:00"))
            .await;
        (owner, id)
    }

    pub async fn suspects(&self, token: &str, id: &str, query: &str) -> Value {
        let path = format!("/api/v1/incidents/{id}/suspects{query}");
        self.get(token, &path).await.ok()
    }

    async fn marks(&self, token: &str, said: Value) -> Answer {
        self.post(token, "/api/v1/marks", said).await
    }
}

#[tokio::test]
async fn the_most_suspicious_comes_first_with_its_reasons_in_the_language_asked_for() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    let all = house.suspects(&owner, &id, "").await;
    let first = &all["items"][0];
    assert_eq!(
        [
            &first["kind"],
            &first["amount"],
            &first["in_window"],
            &first["is_certain"],
            &first["mark"]
        ],
        [
            &json!("refund"),
            &json!({ "minor": 480_000, "currency": "CNY" }),
            &json!(true),
            &json!(true),
            &Value::Null
        ]
    );
    assert!(first["score"].as_u64().unwrap() > all["items"][1]["score"].as_u64().unwrap());
    assert_eq!(first["sequence"], Value::Null);
    assert_eq!(
        first["id"],
        format!("P{}", first["statement_row"].as_str().unwrap())
    );
    let of = |text: &str| {
        all["not_asked"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["text"].as_str().unwrap().contains(text))
    };
    assert!(of("Not checked"), "{}", all["not_asked"]);
    assert_eq!(
        all["counts"],
        json!({ "all": 21, "unmarked": 21, "genuine": 0, "fraudulent": 0, "unsure": 0 })
    );
    assert_eq!(all["at_risk"][0]["unmarked"]["refund_minor"], 480_000);
    assert_eq!(all["may_mark"], true);
    let steps = all["chart"]["own"].as_array().unwrap();
    assert_eq!(
        steps.iter().map(|step| step.as_i64().unwrap()).sum::<i64>(),
        3,
        "six hours before the window, and in it"
    );
    // The same in Chinese.
    let path = format!("/api/v1/incidents/{id}/suspects");
    let mut asked = request(Method::GET, &path, &owner, None);
    asked
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-CN"));
    let chinese = house.send(asked).await.ok();
    let text = |it: &Value| it["items"][0]["reasons"][0]["text"].as_str().unwrap().to_owned();
    assert!(
        text(&chinese).contains('退') || text(&chinese).contains('丢'),
        "{}",
        text(&chinese)
    );
    assert_ne!(text(&chinese), text(&all));
    assert_eq!(chinese["items"][0]["score"], first["score"]);
}

#[tokio::test]
async fn pages_have_each_payment_once_in_both_orders() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    for order in ["score", "time"] {
        let whole = house
            .suspects(&owner, &id, &format!("?order={order}&limit=200"))
            .await;
        let ids = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap().iter();
            items
                .map(|item| item["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = house
                .suspects(&owner, &id, &format!("?order={order}&limit=4{cursor}"))
                .await;
            paged.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged.len(), 21);
        assert_eq!(paged, ids(&whole), "{order}");
    }
    house
        .get(
            &owner,
            &format!("/api/v1/incidents/{id}/suspects?cursor=nonsense"),
        )
        .await
        .problem(422, "invalid_field");
}

#[tokio::test]
async fn people_say_of_payments_whether_they_were_the_shops() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    let first = house.suspects(&owner, &id, "?limit=2").await["items"].clone();
    let ids = [first[0]["id"].clone(), first[1]["id"].clone()];
    let said = json!({ "incident_id": id, "items": ids, "mark": "fraudulent", "ground": " 当时店里没人 " });
    let marked = house.marks(&owner, said.clone()).await.ok();
    assert_eq!(marked["items"][0]["mark"], "fraudulent");
    assert_eq!(marked["items"][0]["opinions"][0]["ground"], "当时店里没人");
    assert_eq!(marked["counts"]["fraudulent"], 2);
    assert_eq!(marked["at_risk"][0]["fraudulent"]["refund_minor"], 480_000);
    // A second opinion of the acquirer's stands beside it, and is what counts.
    let risk = house.token("risk").await;
    let other = json!({ "incident_id": id, "items": [ids[1]], "mark": "genuine" });
    let marked = house.marks(&risk, other).await.ok();
    let opinions = marked["items"][0]["opinions"].as_array().unwrap();
    assert_eq!(
        opinions
            .iter()
            .map(|it| it["mark"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["genuine", "fraudulent"]
    );
    let of = |mark: &'static str| {
        let (house, owner, id) = (&house, &owner, &id);
        async move {
            house.suspects(owner, id, &format!("?mark={mark}")).await["items"]
                .as_array()
                .unwrap()
                .len()
        }
    };
    assert_eq!(
        (
            of("fraudulent").await,
            of("genuine").await,
            of("none").await,
            of("all").await
        ),
        (1, 1, 19, 21)
    );
    let back = json!({ "incident_id": id, "items": [ids[0]], "mark": null });
    assert_eq!(
        house.marks(&owner, back).await.ok()["items"][0]["mark"],
        Value::Null
    );
    let told = house.told(&owner, &id, "marked").await;
    assert_eq!(told.len(), 3, "{told:?}");

    // What is refused.
    let with = |field: &str, value: Value| {
        let mut said = said.clone();
        said[field] = value;
        said
    };
    for (said, status, code) in [
        (with("items", json!([])), 422, "invalid_field"),
        (with("items", json!(vec!["L1"; 201])), 422, "invalid_field"),
        (with("items", json!(["L1"])), 422, "invalid_field"),
        (with("mark", json!("guilty")), 422, "invalid_field"),
        (with("ground", json!("x".repeat(501))), 422, "invalid_field"),
        (with("incident_id", json!("NONE2345")), 404, "incident_not_found"),
    ] {
        house.marks(&owner, said).await.problem(status, code);
    }
    let auditor = house.token("auditor").await;
    house
        .marks(&auditor, said.clone())
        .await
        .problem(403, "not_allowed");
    let stranger = house.token("stranger").await;
    house
        .marks(&stranger, said)
        .await
        .problem(404, "incident_not_found");
    house
        .get(&stranger, &format!("/api/v1/incidents/{id}/suspects"))
        .await
        .problem(404, "incident_not_found");
    assert_eq!(house.suspects(&auditor, &id, "").await["may_mark"], false);
}

#[tokio::test]
async fn the_list_leaves_as_a_table() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    house.keeps(&owner, ("night.csv", NIGHT)).await.ok();
    let first = house.suspects(&owner, &id, "?limit=1").await["items"][0]["id"].clone();
    let said = json!({ "incident_id": id, "items": [first], "mark": "unsure", "ground": null });
    house.marks(&owner, said).await.ok();
    let path = format!("/api/v1/incidents/{id}/suspects/export");
    let text = house.text(&owner, &path).await;
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("id,at,certainty,kind,state,is_undone,amount_minor,currency,")
    );
    let marked: Vec<&str> = lines.clone().filter(|line| line.contains(",unsure,")).collect();
    assert_eq!(marked.len(), 1);
    assert!(
        marked[0].contains(",refund,approved,false,480000,CNY,"),
        "{}",
        marked[0]
    );
    assert_eq!(lines.count(), 22);
    assert_eq!(
        house.get(&owner, &format!("{path}?format=xlsx")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_packet_for_the_police_has_what_was_marked_and_the_file_that_has_it() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    let marked = |job: &Value| job["data"]["marked"]["rows"].as_array().unwrap().clone();
    let before = packet(&house, &owner, &id, "zh").await;
    assert!(marked(&before).is_empty());
    let files = |job: &Value| job["data"]["evidence"].as_array().unwrap().len();
    let all = house.suspects(&owner, &id, "").await["items"].clone();
    for (place, mark) in [(0, "fraudulent"), (1, "genuine"), (2, "unsure")] {
        let said = json!({ "incident_id": id, "items": [all[place]["id"]], "mark": mark });
        house.marks(&owner, said).await.ok();
    }
    for (language, said) in [("zh", "在丢失时段内"), ("en", "loss window")] {
        let job = packet(&house, &owner, &id, language).await;
        let rows = marked(&job);
        assert_eq!(rows.len(), 2, "what is genuine is not in it");
        let refund = rows.iter().find(|row| row["kind"] == "refund").unwrap();
        assert_eq!(
            [
                &refund["amount"],
                &refund["said"],
                &refund["at_gate"],
                &refund["is_certain"]
            ],
            [
                &json!("CNY 4800.00"),
                &json!("fraudulent"),
                &json!(false),
                &json!(true)
            ]
        );
        assert_eq!(refund["in_statement"]["number"], 1);
        let reasons = refund["reasons"].to_string();
        assert!(reasons.contains(said), "{reasons}");
        assert_eq!(files(&job), files(&before) + 1);
        let file = job["data"]["evidence"].as_array().unwrap().last().unwrap();
        assert_eq!(
            [&file["kind"], &file["name"]],
            [&json!("statement"), &json!("b.csv")]
        );
        assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
    }
}

#[tokio::test]
async fn where_the_money_is_names_the_row_that_tells_it_and_the_file_that_would_tell_more() {
    let house = House::new().await;
    let (owner, id) = house.suspected().await;
    let all = house.suspects(&owner, &id, "?limit=200").await;
    let item = |kind: &str| {
        let items = all["items"].as_array().unwrap();
        items.iter().find(|it| it["kind"] == kind).unwrap()["money"].clone()
    };
    let sale = item("sale");
    assert_eq!([&sale["state"], &sale["ask"]], ["authorised", "wechat_fund_bill"]);
    assert_eq!(sale["source"]["kind"], "statement");
    assert_eq!(sale["source"]["statement_name"], "b.csv");
    assert!(sale["source"]["file_row"].as_i64().unwrap() > 1);
    let back = item("refund");
    assert_eq!([&back["state"], &back["ask"]], [&json!("refunded"), &Value::Null]);

    let path = format!("/api/v1/incidents/{id}/money");
    let money = house.get(&owner, &path).await.ok();
    let one = &money["currencies"][0];
    assert_eq!(one["currency"], "CNY");
    assert_eq!(
        one["edges"][0],
        json!({ "from": "shop", "to": "refunded", "recipient": null, "count": 1, "minor": 480_000 })
    );
    let sum = &one["sums"][0];
    assert_eq!(
        [&sum["mark"], &sum["direction"], &sum["state"], &sum["minor"]],
        [
            &Value::Null,
            &json!("refund"),
            &json!("refunded"),
            &json!(480_000)
        ]
    );
    // The fund bill of the evening: a sale was booked, and is settled from then on.
    let fund = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),业务凭证号\n\
        2026-09-14 14:45:01,4219,9,支付,交易,收入,39.00,SH19\n";
    house.keeps(&owner, ("f.csv", fund.as_bytes())).await.ok();
    let all = house.suspects(&owner, &id, "?limit=200").await;
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 21, "the same payment is one");
    let settled = items.iter().find(|it| it["money"]["state"] == "settled").unwrap();
    assert_eq!(settled["amount"]["minor"], 3_900);
    assert_eq!(settled["money"]["source"]["statement_name"], "f.csv");
    assert_eq!(settled["money"]["at"], "2026-09-14T06:45:01.000Z");
    // In the table, too, and nobody else's.
    assert_eq!(settled["is_certain"], true, "the trade bill named the terminal");
    let table = format!("/api/v1/incidents/{id}/suspects/export");
    let table = house.text(&owner, &table).await;
    assert!(table.contains("settled,2026-09-14T06:45:01"), "{table}");
    let stranger = house.token("stranger").await;
    assert_eq!(house.get(&stranger, &path).await.status, StatusCode::NOT_FOUND);
}
