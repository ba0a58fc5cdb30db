//! Estates that come as tables: who may bring what, what each wrong line is told, and what the same file does twice.

use axum::body::Body;
use axum::http::{Method, Request, header};
use domain::work::Kind;
use serde_json::{Value, json};

use super::{Answer, House, THEIRS, request};
use crate::import::{File, file, part};

impl House {
    /// An import that waits to be looked through.
    pub async fn import(&self, token: &str) -> String {
        let import = self.upload(token, "TID,SN\nT1,S1\n").await.ok();
        import["id"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, token: &str, table: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/imports?name=estate.csv")
            .header(header::HOST, "pos.example")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(table.into());
        self.send(request.unwrap()).await
    }

    /// Looks through the lines of what was brought, as a node does it.
    pub async fn look_through(&self) {
        let who = self.node.here().unwrap();
        let claim =
            move |tx: &store::Tx<'_>| app::work::claim(tx, Kind::Import, &Kind::Import.policy(), &who, 10);
        for work in self.node.write(claim).await.unwrap() {
            let bytes = file(&self.node, work.id.subject_id()).await.unwrap();
            let read = File::read(&bytes);
            let node = self.node.clone();
            let look = move |tx: &store::Tx<'_>| match read {
                Err(trouble) => Ok(app::import::unreadable(tx, &work, trouble)?),
                Ok(file) => {
                    while !app::import::cleared(tx, &work, 100)? {}
                    while part(tx, &node.sealer, &work, &file)? {}
                    Ok::<_, crate::problem::Problem>(())
                }
            };
            self.node.write(look).await.unwrap();
        }
    }

    /// A table, looked through: the import.
    async fn bring(&self, token: &str, table: &str) -> Value {
        let import = self.upload(token, table.to_owned()).await;
        assert_eq!(import.status, 201, "{}", import.body);
        self.look_through().await;
        self.get(token, &path(&import.body)).await.ok()
    }

    async fn wrong(&self, token: &str, import: &Value) -> Vec<Value> {
        let lines = format!("{}/lines?outcome=wrong", path(import));
        let lines = self.get(token, &lines).await.ok();
        lines["items"].as_array().unwrap().clone()
    }

    async fn commit(&self, token: &str, import: &Value) -> Answer {
        self.post(token, &format!("{}/commit", path(import)), json!({}))
            .await
    }
}

fn path(import: &Value) -> String {
    format!("/api/v1/imports/{}", import["id"].as_str().unwrap())
}

/// What the lines of an import would do: added, changed, unchanged, wrong.
fn counts(import: &Value) -> [i64; 4] {
    ["added", "changed", "unchanged", "wrong"].map(|what| import[format!("{what}_count")].as_i64().unwrap())
}

fn told(lines: &[Value]) -> Vec<(i64, &str, &str)> {
    let text = |line: &'_ Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let told = lines.iter().map(|line| {
        let texts = [text(line, "field"), text(line, "code")].map(|text| &*text.leak());
        (line["line"].as_i64().unwrap(), texts[0], texts[1])
    });
    told.collect()
}

#[tokio::test]
async fn an_owner_brings_terminals_of_an_outside_acquirer_into_shops_old_and_new() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let table = "\u{feff}终端号,序列号,型号,名称,门店,门店地址,购买日期,结算账户\n\
        30501101,YZ 1,云展 Y90,前台,店 S01,,2026/1/31,6222020200112233\n\
        30501102,YZ2,云展 Y90,,北门店,北门路 1 号,,\n\
        30501103,YZ3,云展 Y90,,北门店,,,\n";
    let import = house.bring(&owner, table).await;
    assert_eq!(
        (
            &import["state"],
            counts(&import),
            &import["shop_count"],
            &import["made_by"]
        ),
        (
            &json!("checked"),
            [3, 0, 0, 0],
            &json!(1),
            &json!("name of owner")
        )
    );
    assert_eq!(import["actions"], json!(["commit", "discard"]));
    assert_eq!(house.get(&owner, "/api/v1/terminals/30501101").await.status, 404);
    assert_eq!(house.commit(&owner, &import).await.ok()["state"], "done");
    let first = house.get(&owner, "/api/v1/terminals/30501101").await.ok();
    assert_eq!(
        [
            &first["serial"],
            &first["shop_id"],
            &first["purchased_on"],
            &first["control"]
        ],
        ["YZ1", "S01", "2026-01-31", "outside"]
    );
    assert_eq!(first["identity"]["settlement_account"], "•••• 2233");
    let second = house.get(&owner, "/api/v1/terminals/30501102").await.ok();
    assert_eq!(
        [
            &second["shop_name"],
            &second["name"],
            &second["identity"]["placement_address"]
        ],
        ["北门店", "云展 Y90", "北门路 1 号"]
    );
    // The same again, and then with something else.
    let again = house.bring(&owner, table).await;
    assert_eq!(
        (counts(&again), &again["shop_count"], &again["actions"]),
        ([0, 0, 3, 0], &json!(0), &json!(["discard"]))
    );
    let other = table
        .replace("前台", "收银台")
        .replace("6222020200112233", "6222020200119999");
    let changed = house.bring(&owner, &other).await;
    assert_eq!(counts(&changed), [0, 1, 2, 0]);
    house.commit(&owner, &changed).await.ok();
    let first = house.get(&owner, "/api/v1/terminals/30501101").await.ok();
    assert_eq!(
        (&first["name"], &first["identity"]["settlement_account"]),
        (&json!("收银台"), &json!("•••• 9999"))
    );
    let events = house.get(&owner, "/api/v1/terminals/30501101/events").await.ok();
    let verbs: Vec<_> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["verb"])
        .collect();
    assert_eq!(verbs, ["create", "change"]);
}

#[tokio::test]
async fn every_wrong_line_is_named_and_nothing_is_done() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let table = format!(
        "TID,SN,Model,Shop,Shop address,Merchant ID,Control,Supplier,Bought on\n\
         30501101,YZ1,Y90,店 S01,,,,,\n\
         10450009,YZ2,Y90,店 S01,,,,,\n\
         30501103,SN10450009,Y90,店 S01,,,,,\n\
         10450001,YZ4,Y90,店 S01,,,,,\n\
         30501105,YZ5,Y90,店 S01,,,gate,,\n\
         30501106,YZ6,Y90,店 S09,,{THEIRS},,,\n\
         30501107,YZ7,Y90,店 S09,,,,,\n\
         30501108,YZ8,,店 S01,,,,,\n\
         30501101,YZ9,Y90,店 S01,,,,,\n\
         10450002,SN10450002,Y91,店 S02,,,,,\n\
         30501111,YZ11,Y90,店 S01,,104520157129999,,,yesterday\n\
         30501112,YZ12,Y90,店 S01,,104520157129999,,,\n"
    );
    let import = house.bring(&owner, &table).await;
    assert_eq!(counts(&import), [1, 0, 0, 11]);
    assert_eq!(import["actions"], json!(["discard"]));
    let wrong = house.wrong(&owner, &import).await;
    assert_eq!(
        told(&wrong),
        [
            (3, "terminal_id", "terminal_taken"),
            (4, "serial", "terminal_taken"),
            (5, "terminal_id", "terminal_taken"),
            (6, "", "not_allowed"),
            (7, "merchant_id", "invalid_field"),
            (8, "shop_address", "invalid_field"),
            (9, "model", "invalid_field"),
            (10, "terminal_id", "line_twice"),
            (11, "shop_name", "invalid_field"),
            (12, "purchased_on", "invalid_field"),
            (13, "merchant_id", "invalid_field"),
        ]
    );
    // Somebody else's is refused without a word of where it is; one's own says it.
    for hidden in &wrong[..2] {
        let reason = hidden["reason"].as_str().unwrap();
        assert!(
            reason.contains("another merchant") && !reason.contains("S09"),
            "{reason}"
        );
    }
    assert!(
        wrong[2]["reason"].as_str().unwrap().contains("长沙市某路"),
        "{}",
        wrong[2]
    );
    // A merchant of others and one that nobody has are told alike.
    assert_eq!(wrong[4]["reason"], wrong[10]["reason"]);
    assert_eq!(
        (&wrong[6]["column"], &wrong[6]["reason"]),
        (&json!("Model"), &json!("is missing"))
    );
    house.commit(&owner, &import).await.problem(409, "wrong_state");
    assert_eq!(house.get(&owner, "/api/v1/terminals/30501101").await.status, 404);
    // The same as a table, in the reader's language.
    let mut asked = request(
        Method::GET,
        &format!("{}/wrong?format=csv", path(&import)),
        &owner,
        None,
    );
    asked
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, "zh-CN".parse().unwrap());
    let answer = tower::ServiceExt::oneshot(house.api.clone(), asked)
        .await
        .unwrap();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains("行,列,原因,终端号,序列号,门店\n")
            && text.contains("9,型号,必须填写,30501108,YZ8,店 S01\n"),
        "{text}"
    );
}

#[tokio::test]
async fn an_import_is_seen_and_committed_with_the_rights_it_was_brought_with() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let table = "TID,SN,Model,Shop ID\n30501101,YZ1,Y90,S01\n";
    let import = house.bring(&owner, table).await;
    for login in ["stranger", "manager"] {
        let token = house.token(login).await;
        house
            .get(&token, &path(&import))
            .await
            .problem(404, "import_not_found");
        house
            .commit(&token, &import)
            .await
            .problem(404, "import_not_found");
        let list = house.get(&token, "/api/v1/imports").await.ok();
        assert_eq!(list["items"], json!([]));
    }
    house
        .upload(&house.token("manager").await, table)
        .await
        .problem(403, "not_allowed");
    house
        .upload(&house.token("auditor").await, table)
        .await
        .problem(403, "not_allowed");
    let risk = house.token("risk").await;
    assert_eq!(house.get(&risk, &path(&import)).await.ok()["actions"], json!([]));
    house.commit(&risk, &import).await.problem(403, "not_allowed");
    // The acquirer's own people bring merchants too.
    let table = "商户号,商户名称,门店,门店地址,终端号,序列号,型号,由谁控制\n\
        104520157120077,福记小吃,城南店,工业路 1 号,30501177,YZ77,Y90,外部\n";
    let import = house.bring(&risk, table).await;
    assert_eq!(
        (counts(&import), &import["merchant_count"]),
        ([1, 0, 0, 0], &json!(1))
    );
    house.commit(&risk, &import).await.ok();
    let merchant = house.get(&risk, "/api/v1/merchants/104520157120077").await.ok();
    assert_eq!(
        (&merchant["name"], &merchant["terminal_count"]),
        (&json!("福记小吃"), &json!(1))
    );
    let list = house.get(&risk, "/api/v1/imports").await.ok();
    let states: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["done", "checked"]);
}

#[tokio::test]
async fn an_estate_that_changed_meanwhile_is_looked_through_again() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let import = house
        .bring(
            &owner,
            "TID,SN,Model,Shop ID\n30501101,YZ1,Y90,S01\n30501102,YZ2,Y90,S01\n",
        )
        .await;
    let said = json!({ "terminal_id": "30501101", "shop_id": "S01", "serial": "YZ1", "model": "Y90", "control": "outside" });
    house.post(&owner, "/api/v1/terminals", said).await.ok();
    house.commit(&owner, &import).await.problem(409, "estate_changed");
    house.look_through().await;
    let import = house.get(&owner, &path(&import)).await.ok();
    assert_eq!(
        (&import["state"], counts(&import)),
        (&json!("checked"), [1, 0, 1, 0])
    );
    house.commit(&owner, &import).await.ok();
    assert_eq!(house.get(&owner, "/api/v1/terminals/30501102").await.status, 200);
}

#[tokio::test]
async fn what_is_no_table_is_said_and_too_much_is_not_taken() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    for (table, trouble) in [
        ("PK\u{3}\u{4}", "not_a_table"),
        ("姓名,电话\n李娜,110\n", "no_columns"),
        ("TID,SN\n", "empty"),
        ("TID,SN,主密钥\nT1,S1,0123456789ABCDEF\n", "keys"),
    ] {
        let import = house.bring(&owner, table).await;
        assert_eq!(
            (&import["state"], &import["trouble"]),
            (&json!("unreadable"), &json!(trouble))
        );
    }
    house.upload(&owner, "").await.problem(422, "invalid_field");
    let large = vec![b'x'; crate::import::FILE_BYTES_MAX + 1];
    house.upload(&owner, large).await.problem(413, "body_too_large");
    for _ in 0..5 {
        assert_eq!(house.upload(&owner, "TID,SN\nT1,S1\n").await.status, 201);
    }
    house
        .upload(&owner, "TID,SN\nT1,S1\n")
        .await
        .problem(409, "too_many_imports");
    // Nothing that came in stands in the store as it is.
    let store = std::fs::read(house.folder.join("store.db-wal")).unwrap();
    assert!(!store.windows(16).any(|window| window == b"0123456789ABCDEF"));
}

#[tokio::test]
async fn the_template_and_the_list_of_devices_are_tables_that_come_back() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let template = house.text(&owner, "/api/v1/imports/template?format=csv").await;
    assert!(
        template.contains("Terminal ID*,Serial number*,Model*,Name,Merchant ID"),
        "{template}"
    );
    let filled = format!(
        "{}30501101,YZ1,Y90,,,,S01\n",
        template.trim_end_matches('\n').to_owned() + "\n"
    );
    assert_eq!(counts(&house.bring(&owner, &filled).await), [1, 0, 0, 0]);
    let devices = house.text(&risk, "/api/v1/terminals/export?format=csv").await;
    let back = house.bring(&risk, &devices).await;
    assert_eq!(counts(&back), [0, 0, 4, 0], "{devices}");
}
