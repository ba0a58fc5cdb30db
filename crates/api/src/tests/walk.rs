//! A walk through every endpoint of the OpenAPI document as everybody there is: without a session, with one that has ended,
//! with each role, with a custom role, as another merchant's owner, and as programs with API keys. What comes of it is compared with `docs/ACCESS.md`.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use domain::Actor;
use domain::account::{Account, Narrowed, Proof, Reach, Role, Scope};
use domain::api_key::ApiKey;
use domain::right::{Right, Rights};
use domain::work::Id;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::statement::{NIGHT, form};
use super::{Answer, HASH, House, OURS, THEIRS, merchant_id, read, request, terminal_id};
use crate::auth::Token;
use crate::openapi;
use node::now;

const PAGE: &str = include_str!("../../../../docs/ACCESS.md");

/// What an endpoint needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing at all.
    Nothing,
    /// Anybody's session.
    Session,
    /// Anybody's session, about what is one's own.
    Own,
    /// A right.
    With(Right),
    /// A right over the whole house.
    OverTheHouse(Right),
    /// To be the one who brought it.
    Maker,
}

/// What the page says that no program does, whatever its key.
fn by_people_only() -> Vec<&'static str> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with("**Programs.**"));
    let lines = lines.take_while(|line| !line.starts_with("## "));
    lines
        .filter_map(|line| Some(line.strip_prefix("- `")?.trim_end_matches('`')))
        .collect()
}

/// A line of the page.
#[derive(Clone, Copy, Debug)]
struct Door {
    needs: Needs,
    /// Whose people see the thing; `None`: there is no one thing.
    of: Option<Reach>,
    /// Whether it does not exist for whoever has not the right.
    is_withheld: bool,
}

/// The page's second table, by method and path.
fn doors() -> BTreeMap<String, Door> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with("| endpoint |"));
    let lines = lines.skip(2).take_while(|line| line.starts_with('|'));
    lines.map(door).collect()
}

fn door(line: &str) -> (String, Door) {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let right = |text: &str| Right::parse(text.trim_matches('`')).unwrap_or_else(|| panic!("{line}"));
    let needs = match (cells[1], cells[1].strip_suffix(", over the house")) {
        ("nothing", _) => Needs::Nothing,
        ("a session", _) => Needs::Session,
        ("one’s own", _) => Needs::Own,
        ("who brought it", _) => Needs::Maker,
        (_, Some(text)) => Needs::OverTheHouse(right(text)),
        (text, None) => Needs::With(right(text)),
    };
    let of = match cells[2] {
        "" | "withheld" => None,
        "shop" => Some(Reach::Shop),
        "merchant" => Some(Reach::Merchant),
        "house" => Some(Reach::House),
        other => panic!("{other}: {line}"),
    };
    let door = Door {
        needs,
        of,
        is_withheld: cells[2] == "withheld",
    };
    (cells[0].trim_matches('`').to_owned(), door)
}

/// Everybody: an account of each role, with all that our merchant, its shop or the house has; a manager with a custom role;
/// the owner of another merchant.
fn everybody() -> Vec<Account> {
    let scope = |role: Role| match role.reach() {
        Reach::House => Scope::All,
        Reach::Merchant => Scope::Merchant(merchant_id(OURS)),
        Reach::Shop => Scope::Shop(merchant_id(OURS), "S01".into()),
    };
    let of = |role: Role| Account {
        login: role.code().into(),
        name: format!("name of {}", role.code()),
        role,
        scope: scope(role),
        custom_role: None,
        proof: Proof::default(),
    };
    let narrowed = Account {
        login: "night".into(),
        custom_role: Some(Narrowed {
            custom_role_id: "NIGHT".into(),
            rights: Rights::new(&[Right::ReportLoss]),
        }),
        ..of(Role::Manager)
    };
    let stranger = Account {
        login: "another".into(),
        scope: Scope::Merchant(merchant_id(THEIRS)),
        ..of(Role::Owner)
    };
    Role::ALL
        .into_iter()
        .map(of)
        .chain([narrowed, stranger])
        .collect()
}

/// Programs: of the house, of our merchant, of its shop, of another merchant, with all that a key of theirs may have; and one of the
/// house that only reads.
fn programs() -> Vec<ApiKey> {
    let ours = merchant_id(OURS);
    let all = [
        ("PROGRAM1", Scope::All),
        ("PROGRAM2", Scope::Merchant(ours)),
        ("PROGRAM3", Scope::Shop(ours, "S01".into())),
        ("PROGRAM4", Scope::Merchant(merchant_id(THEIRS))),
    ];
    let all = all.map(|(id, scope)| key_of(id, scope.clone(), domain::api_key::at_most(&scope)));
    all.into_iter()
        .chain([key_of("PROGRAM5", Scope::All, Rights::default())])
        .collect()
}

fn key_of(id: &str, scope: Scope, rights: Rights) -> ApiKey {
    ApiKey {
        api_key_id: id.into(),
        secret_digest: Token::parse(&"A".repeat(43)).unwrap().digest().to_vec(),
        name: id.to_lowercase(),
        scope,
        rights,
        state: domain::api_key::State::Active,
        made_by: "owner".into(),
        made_at: now(),
        ends_at: now().plus_ms(600_000),
        used_at: None,
        used_from: None,
    }
}

/// The whole key of that identifier.
fn written(id: &str) -> String {
    format!("tg_{id}_{}", "A".repeat(43))
}

/// Whoever asks.
struct Asking {
    actor: Actor,
    token: String,
}

/// What shall come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is done or shown, or stands against something else.
    Answered,
    NotAllowed,
    PersonRequired,
    NotFound,
    /// It is about oneself, whoever asks: done, or refused for what was said.
    Own,
    /// Another merchant's owner adds something there: whatever the reason, it is not done.
    Refused,
}

impl Door {
    /// What shall come of it for that one.
    fn outcome(self, endpoint: &Endpoint, actor: &Actor) -> Outcome {
        let method = &endpoint.method;
        let says_whose = endpoint
            .body
            .as_ref()
            .is_some_and(|body| !body["merchant_id"].is_null() || !body["shop_id"].is_null());
        let is_program = matches!(actor, Actor::Machine(_));
        if self.needs == Needs::Own {
            return match is_program {
                true => Outcome::PersonRequired,
                false => Outcome::Own,
            };
        }
        let scope = actor.scope().unwrap();
        let is_stranger = *scope == Scope::Merchant(merchant_id(THEIRS));
        let sees = match (self.of, scope) {
            (None, _) | (_, Scope::All) | (Some(Reach::Shop), _) => true,
            (Some(Reach::Merchant), scope) => matches!(scope, Scope::Merchant(_)),
            (Some(Reach::House), _) => false,
        };
        let acts = self.needs == Needs::Session || actor.rights().acts();
        let is_peoples_own = by_people_only().contains(&endpoint.name().as_str());
        // What people alone may have leaves an event: it is refused like a change.
        if !acts && (*method != Method::GET || is_peoples_own) {
            return Outcome::NotAllowed;
        }
        // Whoever keeps no keys is not told which there are.
        let is_hidden = endpoint.path.contains("{api_key_id}");
        let has_not = match self.needs {
            Needs::With(right) | Needs::OverTheHouse(right) => !actor.rights().has(right),
            _ => false,
        };
        if self.is_withheld && has_not {
            return Outcome::NotFound;
        }
        if !(is_hidden && has_not) && (!sees || (is_stranger && self.of.is_some())) {
            return Outcome::NotFound;
        }
        let is_peoples = match self.needs {
            Needs::With(right) | Needs::OverTheHouse(right) => right.is_peoples(),
            _ => false,
        };
        if is_program && (is_peoples || is_peoples_own) {
            return match is_stranger && says_whose {
                true => Outcome::Refused,
                false => Outcome::PersonRequired,
            };
        }
        let has = match self.needs {
            Needs::Nothing | Needs::Session | Needs::Own => true,
            Needs::With(right) => actor.rights().has(right),
            Needs::OverTheHouse(right) => actor.rights().has(right) && *scope == Scope::All,
            Needs::Maker => actor.name() == "owner",
        };
        match has {
            false => Outcome::NotAllowed,
            // What is said of ours is said in ours; a table of one's own is not about ours.
            true if is_stranger && says_whose => Outcome::Refused,
            true => Outcome::Answered,
        }
    }
}

impl Outcome {
    fn is(self, answer: &Answer) -> bool {
        match self {
            Self::Answered => answer.status.is_success() || answer.status == StatusCode::CONFLICT,
            Self::NotAllowed => (answer.status, answer.code()) == (StatusCode::FORBIDDEN, "not_allowed"),
            Self::PersonRequired => {
                (answer.status, answer.code()) == (StatusCode::FORBIDDEN, "person_required")
            }
            Self::NotFound => answer.status == StatusCode::NOT_FOUND,
            Self::Own => {
                !answer.status.is_server_error()
                    && answer.status != StatusCode::UNAUTHORIZED
                    && answer.code() != "not_allowed"
            }
            Self::Refused => answer.status.is_client_error(),
        }
    }
}

impl House {
    /// A duty of the terminal's incident that is the shop's.
    async fn duty(&self, terminal: &str) -> String {
        let terminal_id = terminal_id(terminal);
        let find = move |tx: &store::Tx<'_>| {
            let incident = store::incident::unclosed(tx, terminal_id)?.unwrap();
            app::duty::draw_up(tx, &incident.incident_id)?;
            store::duty::of(tx, &incident.incident_id)
        };
        let duties = self.node.write::<_, store::Error>(find).await.unwrap();
        duties[0].duty_id.clone()
    }
}

impl House {
    /// Drafts of a playbook and of a model that a risk officer began. Nobody reads that model: it takes many marks to train one.
    async fn drafts(&self, id: &'static str, model_id: &'static str) {
        let begin = move |tx: &store::Tx<'_>| {
            let by = Actor::Person(Account {
                login: "risk".into(),
                name: "risk".into(),
                role: Role::RiskOfficer,
                scope: Scope::All,
                custom_role: None,
                proof: Proof::FRESH,
            });
            let model = app::revision::New {
                revision_id: model_id.to_owned(),
                kind: app::model::KIND,
                name: app::model::NAME,
                built_in: 0,
            };
            app::revision::create(tx, &by, model, |_| String::new())?;
            app::playbook::create(tx, &by, id, ("stolen", None))
        };
        self.node.write::<_, app::case::Error>(begin).await.unwrap();
    }

    /// A replacement of the terminal, just begun.
    async fn replacement(&self, token: &str, terminal: &str) -> String {
        let terminal_id = terminal_id(terminal);
        let find = move |tx: &store::Tx<'_>| store::incident::unclosed(tx, terminal_id);
        let incident = self.node.write::<_, store::Error>(find).await.unwrap().unwrap();
        let path = format!("/api/v1/incidents/{}/replacements", incident.incident_id);
        let begun = self.post(token, &path, json!({})).await.ok();
        begun["id"].as_str().unwrap().to_owned()
    }
}

/// A house with one of every noun that has a path of its own.
struct Walked {
    house: House,
    /// By the parameter that names it.
    ids: BTreeMap<&'static str, String>,
    /// An incident whose terminal an outside acquirer decides.
    asked: String,
    /// A payment of the lost terminal.
    payment: String,
}

impl Walked {
    async fn new() -> Self {
        let house = House::new().await;
        let owner = house.token("owner").await;
        let people = everybody();
        house
            .node
            .write(move |tx| {
                for account in people
                    .iter()
                    .filter(|one| one.login != "owner" && one.login != "manager" && one.login != "auditor")
                {
                    store::account::insert(tx, account, &HASH)?;
                }
                for key in programs() {
                    store::row::insert(tx, &key)?;
                }
                let over = ApiKey {
                    ends_at: now(),
                    ..key_of("PROGRAM6", Scope::All, Rights::default())
                };
                let revoked = ApiKey {
                    state: domain::api_key::State::Revoked,
                    ..key_of("PROGRAM7", Scope::All, Rights::default())
                };
                store::row::insert(tx, &over)?;
                store::row::insert(tx, &revoked)?;
                let another = key_of(
                    "PROGRAM8",
                    Scope::Shop(merchant_id(OURS), "S01".into()),
                    Rights::default(),
                );
                store::row::insert(tx, &another)?;
                Ok::<_, store::Error>(())
            })
            .await
            .unwrap();
        let outside = json!({ "terminal_id": "OUT1", "serial": "SN-OUT1", "model": "P1", "shop_id": "S01", "control": "outside" });
        house.post(&owner, "/api/v1/terminals", outside).await.ok();
        let role = json!({ "name": "夜班", "role": "manager", "rights": ["report_loss"] });
        let role = house.post(&owner, "/api/v1/custom-roles", role).await.ok();
        let risk = house.token("risk").await;
        let rule_set = house.post(&risk, "/api/v1/screening/rules", json!({})).await.ok();
        let template = json!({ "template": "police_packet" });
        let template = house.post(&risk, "/api/v1/templates", template).await.ok();
        house.drafts("V0000001", "V0000002").await;
        let ids = BTreeMap::from([
            ("template_id", template["id"].as_str().unwrap().to_owned()),
            ("rule_set_id", rule_set["id"].as_str().unwrap().to_owned()),
            ("terminal_id", "10450001".to_owned()),
            ("incident_id", house.lose(&owner, "10450002").await),
            ("duty_id", house.duty("10450002").await),
            ("replacement_id", house.replacement(&owner, "10450002").await),
            ("contact_id", house.contact(&owner, OURS).await),
            ("custom_role_id", role["id"].as_str().unwrap().to_owned()),
            ("playbook_id", "V0000001".to_owned()),
            ("model_id", "V0000002".to_owned()),
            (
                "work_id",
                house.stuck(Id::hold_end(terminal_id("10450001"), 7)).await,
            ),
            ("merchant_id", OURS.to_owned()),
            ("shop_id", "S01".to_owned()),
            ("operator_id", "S01.001".to_owned()),
            ("date", domain::day::Local::of(now(), 0).day.to_string()),
            ("login", "manager".to_owned()),
            ("invitation_id", house.invite(&owner).await),
            ("api_key_id", "PROGRAM8".to_owned()),
            ("provider", "stripe".to_owned()),
            ("import_id", house.import(&owner).await),
            ("leaf_index", house.first_leaf().await),
            ("registration_id", house.registration("REG00001", true).await),
            ("session_id", house.another_session("manager").await),
            ("factor_id", house.factor("manager").await),
        ]);
        let file = house
            .attach(&owner, &ids["incident_id"], ("a.pdf", "evidence"), b"%PDF-")
            .await
            .ok();
        let letters = format!("/api/v1/incidents/{}/letters", ids["incident_id"]);
        let letter =
            json!({ "kind": "inquiry", "language": "zh", "to": { "name": "城南银行" }, "due_in_days": 7 });
        let letter = house.post(&owner, &letters, letter).await;
        let photos = "/api/v1/terminals/10450001/photos";
        let photo = house
            .photograph(&owner, photos, "shows=seal", b"\xFF\xD8\xFF")
            .await
            .ok();
        let ids: BTreeMap<_, _> = ids
            .into_iter()
            .chain([
                ("attachment_id", file["id"].as_str().unwrap().to_owned()),
                ("statement_id", house.statement(&owner).await),
                ("letter_id", letter.body["id"].as_str().unwrap().to_owned()),
                ("photo_id", photo["id"].as_str().unwrap().to_owned()),
                ("question_id", house.question().await),
                ("settlement_hold_id", house.settlement_hold("10450001").await),
                ("sequence", house.refund_recorded("10450002").await.to_string()),
                ("suspicious_report_id", house.suspicious_report(None).await),
            ])
            .collect();
        house.look_through().await;
        let acquirer = json!({ "merchant_id": OURS, "kind": "acquirer", "name": "收单行", "email": "stop@acquirer.example" });
        house.post(&owner, "/api/v1/contacts", acquirer).await.ok();
        let asked = house.lose(&owner, "OUT1").await;
        let settings = json!({ "smtp_url": "smtp://127.0.0.1:25", "mail_from": "till@shop.example", "host_address": "127.0.0.1:1" });
        for (path, token, body) in [
            ("/api/v1/settings", &risk, settings),
            (
                &*format!("/api/v1/provider-accounts/{OURS}/stripe"),
                &owner,
                json!({ "key": "rk_test" }),
            ),
        ] {
            house
                .send(request(Method::PUT, path, token, Some(body)))
                .await
                .ok();
        }
        let payment = house.refused("10450002").await;
        Self {
            house,
            ids,
            asked,
            payment,
        }
    }

    /// The path with what it names filled in.
    fn filled(&self, path: &str) -> String {
        let mut filled = path.to_owned();
        if path.contains("/stop-request/") {
            filled = filled.replace("{incident_id}", &self.asked);
        }
        for (name, id) in &self.ids {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        assert!(
            !filled.contains('{'),
            "unknown parameter in {path}: say above what to fill in"
        );
        filled
    }

    /// Asks that, and looks no further than the head of an answer that has no end.
    async fn ask(&self, endpoint: &Endpoint, token: &str) -> Answer {
        let path = self.filled(&endpoint.path);
        let mut request = match path.as_str() {
            "/api/v1/imports" if endpoint.method == Method::POST => {
                let mut request = request(Method::POST, "/api/v1/imports?name=estate.csv", token, None);
                *request.body_mut() = Body::from("TID,SN\nT1,S1\n");
                request
            }
            "/api/v1/statements" if endpoint.method == Method::POST => {
                let fields = [("terminal_id", "10450001"), ("preview", "false")];
                form(token, &fields, Some(("b.csv", NIGHT)))
            }
            "/api/v1/marks" => {
                let mut said = endpoint.body.clone().unwrap();
                said["incident_id"] = self.ids["incident_id"].clone().into();
                said["items"] = json!([self.payment]);
                request(Method::POST, &path, token, Some(said))
            }
            path if endpoint.path.ends_with("/pack") => {
                request(Method::GET, &format!("{path}?for=bank"), token, None)
            }
            path if endpoint.path.ends_with("/attachments") && endpoint.method == Method::POST => {
                let path = format!("{path}?name=a.txt&purpose=evidence");
                let mut request = request(Method::POST, &path, token, None);
                *request.body_mut() = Body::from("a text");
                request
            }
            path if endpoint.path.ends_with("/photos") && endpoint.method == Method::POST => {
                let mut request = request(Method::POST, &format!("{path}?shows=back"), token, None);
                *request.body_mut() = Body::from(&b"\xFF\xD8\xFF"[..]);
                request
            }
            path => request(endpoint.method.clone(), path, token, endpoint.body.clone()),
        };
        request
            .headers_mut()
            .insert(header::ACCEPT, "*/*".parse().unwrap());
        let response = self.house.api.clone().oneshot(request).await.unwrap();
        let is_stream = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind == "text/event-stream");
        match is_stream {
            true => Answer {
                status: response.status(),
                headers: response.headers().clone(),
                body: Value::Null,
            },
            false => read(response).await,
        }
    }
}

/// One endpoint of the document.
struct Endpoint {
    method: Method,
    /// With its parameters' names.
    path: String,
    /// The example of its body, about what is ours.
    body: Option<Value>,
}

impl Endpoint {
    /// How the page calls it.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/api/v1"))
    }
}

/// Every endpoint of the document.
fn endpoints() -> Vec<Endpoint> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut endpoints = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let method: Method = method.to_uppercase().parse().unwrap();
            let body = schema
                .as_str()
                .map(|name| example(&document, name, &method, path));
            endpoints.push(Endpoint {
                method,
                path: path.clone(),
                body,
            });
        }
    }
    endpoints
}

/// The example of a body, `{}` for what logs in and out; what is added is ours.
fn example(document: &Value, name: &str, method: &Method, path: &str) -> Value {
    let mut example = document.pointer(&name[1..]).unwrap()["example"].clone();
    if name.ends_with("/Said") {
        example = json!({ "text": "because" });
    }
    assert!(
        example.is_object() || path == "/api/v1/session",
        "{path} has a body without an example"
    );
    if example["terminal_id"].is_string() && path == "/api/v1/incidents" {
        example["terminal_id"] = "10450001".into();
    }
    let is_of_a_merchant = [
        "/api/v1/contacts",
        "/api/v1/shops",
        "/api/v1/custom-roles",
        "/api/v1/suspicious-reports",
    ]
    .contains(&path);
    if *method == Method::POST && is_of_a_merchant {
        example["merchant_id"] = OURS.into();
    }
    example
}

#[test]
fn what_no_program_does_is_what_there_is() {
    let (people, doors) = (by_people_only(), doors());
    assert!(
        !people.is_empty() && people.iter().all(|name| doors.contains_key(*name)),
        "{people:?}"
    );
}

#[test]
fn the_page_has_every_endpoint_of_the_document_and_no_other() {
    let names: Vec<String> = endpoints().iter().map(Endpoint::name).collect();
    let doors = doors();
    let missing: Vec<_> = names.iter().filter(|name| !doors.contains_key(*name)).collect();
    assert!(
        missing.is_empty(),
        "docs/ACCESS.md does not say who may: {missing:#?}"
    );
    let gone: Vec<_> = doors.keys().filter(|name| !names.contains(name)).collect();
    assert!(
        gone.is_empty(),
        "docs/ACCESS.md has what the document has not: {gone:#?}"
    );
}

#[tokio::test]
async fn without_a_session_that_lasts_only_what_needs_none_answers() {
    let walked = Walked::new().await;
    let ended = walked.house.token("owner").await;
    let log_out = request(Method::DELETE, "/api/v1/session", &ended, None);
    walked.house.send(log_out).await.ok();
    let doors = doors();
    for endpoint in endpoints() {
        let is_open = doors[&endpoint.name()].needs == Needs::Nothing;
        let another_secret = format!("tg_PROGRAM1_{}E", "A".repeat(42));
        for token in [
            "",
            "nonsense",
            &"A".repeat(43),
            &ended,
            &written("UNKNOWN1"),
            &another_secret,
            &written("PROGRAM6"),
            &written("PROGRAM7"),
        ] {
            let answer = walked.ask(&endpoint, token).await;
            match is_open {
                true => assert_ne!(answer.code(), "unauthenticated", "{}", endpoint.name()),
                false => drop(answer.problem(401, "unauthenticated")),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_what_the_page_says_and_nothing_else() {
    let mut some = endpoints();
    let others = some.split_off(some.len() / 2);
    let others = tokio::spawn(wrong_at(others));
    let mut wrong = wrong_at(some).await;
    wrong.extend(others.await.unwrap());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not at these endpoints as the page says.
async fn wrong_at(endpoints: Vec<Endpoint>) -> Vec<String> {
    let (doors, people) = (doors(), everybody());
    let shown = Walked::new().await;
    let mut wrong = Vec::new();
    for endpoint in endpoints {
        let (name, door) = (endpoint.name(), doors[&endpoint.name()]);
        if door.needs == Needs::Nothing {
            continue;
        }
        // What changes something has a house of its own, and those who may come last.
        let own = match endpoint.method == Method::GET {
            true => None,
            false => Some(Walked::new().await),
        };
        let walked = own.as_ref().unwrap_or(&shown);
        let mut all = Vec::new();
        for account in &people {
            all.push(Asking {
                actor: Actor::Person(account.clone()),
                token: walked.house.token_of(account.login.clone()).await,
            });
        }
        // Who they are they have just proved, by what each of them has.
        let proved = "UPDATE session SET proved_by = 'second_factor'";
        walked.house.behind_our_back(proved);
        all.extend(programs().into_iter().map(|key| Asking {
            token: written(&key.api_key_id),
            actor: Actor::Machine(key.opened(true, now()).unwrap()),
        }));
        let mut all: Vec<_> = all
            .into_iter()
            .map(|asking| (door.outcome(&endpoint, &asking.actor), asking))
            .collect();
        all.sort_by_key(|(outcome, _)| *outcome == Outcome::Answered);
        for (outcome, asking) in all {
            let answer = walked.ask(&endpoint, &asking.token).await;
            if !outcome.is(&answer) {
                wrong.push(format!(
                    "{name} as {}: {outcome:?} expected, {} {}",
                    asking.actor.name(),
                    answer.status,
                    answer.code()
                ));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn a_list_about_a_terminal_of_others_does_not_exist() {
    let house = House::new().await;
    let stranger = house.token("stranger").await;
    for path in [
        "/api/v1/transactions?terminal_id=10450001",
        "/api/v1/incidents?terminal_id=10450001",
    ] {
        house
            .get(&stranger, path)
            .await
            .problem(404, "terminal_not_found");
    }
}

/// All that comes of a GET: of an archive what is in it, of a stream its head.
async fn all_of(walked: &Walked, path: &str, token: &str) -> (StatusCode, String) {
    let request = request(Method::GET, path, token, None);
    let response = walked.house.api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let head = format!("{:?}", parts.headers);
    let kind = parts.headers.get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind == "text/event-stream") {
        return (parts.status, head);
    }
    let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let text = match zip::ZipArchive::new(std::io::Cursor::new(&bytes)) {
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(mut zip) => (0..zip.len())
            .map(|index| {
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut zip.by_index(index).unwrap(), &mut text).unwrap();
                String::from_utf8_lossy(&text).into_owned()
            })
            .collect(),
    };
    (parts.status, head + &text)
}

/// Every GET of the document, about the loss, the terminal and the merchant that a report is about, as it is and asked for more.
fn questions(walked: &Walked) -> Vec<String> {
    let mut paths = Vec::new();
    for endpoint in endpoints().into_iter().filter(|it| it.method == Method::GET) {
        let path = walked.filled(&endpoint.path);
        match endpoint.path.as_str() {
            path if path.ends_with("/pack") => {
                let asked = walked.filled(path);
                paths.extend(
                    ["police", "bank", "insurer", "court"].map(|audience| format!("{asked}?for={audience}")),
                );
            }
            "/api/v1/audit/records" | "/api/v1/audit/records/export" => {
                let more = ["", "?subject=suspicious_report", "?actor=first_reporter"];
                paths.extend(more.map(|more| format!("{path}{more}")));
            }
            _ => paths.push(path),
        }
    }
    let lost = &walked.ids["incident_id"];
    for list in [
        "incidents",
        "transactions",
        "statements",
        "settlement-holds",
        "suspicious-reports",
    ] {
        paths.push(format!("/api/v1/{list}?terminal_id=10450002"));
        paths.push(format!("/api/v1/{list}?incident_id={lost}"));
    }
    let others = [
        "terminals/10450002",
        "terminals/10450002/events",
        "accounts/first_reporter",
        "accounts/first_reporter/events",
    ];
    paths.extend(others.map(|path| format!("/api/v1/{path}")));
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_without_the_right_is_told_of_a_report_by_anything_there_is() {
    let mut walked = Walked::new().await;
    // One about the loss itself, which went all its way and is overdue, and was looked at, copied and mailed about.
    walked
        .house
        .behind_our_back("DELETE FROM session WHERE login LIKE '%_reporter'; DELETE FROM account WHERE login LIKE '%_reporter';");
    let lost = walked.ids["incident_id"].clone();
    let about_it = walked.house.suspicious_report(Some(&lost)).await;
    let second = walked.house.token("second_reporter").await;
    let path = super::suspicious_report::at(&about_it);
    let confirm = format!("{path}/confirm-report");
    let decided = walked
        .house
        .post(&second, &confirm, json!({ "version": 1 }))
        .await;
    decided.ok();
    walked.house.get(&second, &path).await.ok();
    walked.house.text(&second, &format!("{path}/document.pdf")).await;
    walked
        .house
        .behind_our_back("UPDATE suspicious_report SET due_at_ms = 5 WHERE state = 'confirmed'");
    walked
        .house
        .node
        .write(app::digest_mail::begin_day)
        .await
        .unwrap();
    walked.house.seal().await;
    let waiting = std::mem::replace(
        walked.ids.get_mut("suspicious_report_id").unwrap(),
        about_it.clone(),
    );
    let told = |text: &str| {
        [waiting.as_str(), &about_it, super::suspicious_report::MARKER]
            .into_iter()
            .find(|word| text.contains(word))
            .map(str::to_owned)
    };
    let paths = questions(&walked);
    // The search finds what there is, for who has the right.
    let mut found = Vec::new();
    for path in &paths {
        let (_, text) = all_of(&walked, path, &second).await;
        found.extend(told(&text).map(|_| path.as_str()));
    }
    for path in [
        "/api/v1/audit/records",
        "/api/v1/suspicious-reports",
        &*format!("/api/v1/suspicious-reports?incident_id={lost}"),
        &path,
        &format!("{path}/document.pdf"),
        &format!("{path}/document.json"),
    ] {
        assert!(found.contains(&path), "{path} is not looked through: {found:?}");
    }
    // A copy of what is kept of a person is read elsewhere: it has nothing of it even for who wrote it.
    assert!(!found.contains(&"/api/v1/session/export"), "{found:?}");
    let mut asking = Vec::new();
    for account in everybody() {
        if account.role != Role::RiskOfficer {
            asking.push((
                account.login.clone(),
                walked.house.token_of(account.login.clone()).await,
            ));
        }
    }
    walked
        .house
        .behind_our_back("UPDATE session SET proved_by = 'second_factor'");
    asking.extend(
        programs()
            .into_iter()
            .map(|key| (key.api_key_id.clone(), written(&key.api_key_id))),
    );
    let mut wrong = Vec::new();
    for (who, token) in &asking {
        for path in &paths {
            let (status, text) = all_of(&walked, path, token).await;
            if let Some(word) = told(&text) {
                wrong.push(format!("{who} {path}: {status} says {word}"));
            }
        }
        // What there is and what there is not are told apart by nothing.
        for path in paths
            .iter()
            .filter(|path| path.starts_with("/api/v1/suspicious-reports/"))
        {
            let without = |text: &str| {
                let text = text.replace(&about_it, "").replace("NOBODY01", "");
                match text.split_once("\"reference\"") {
                    Some((before, _)) => before.to_owned(),
                    None => text,
                }
            };
            let (status, text) = all_of(&walked, path, token).await;
            let (none, nothing) = all_of(&walked, &path.replace(&about_it, "NOBODY01"), token).await;
            if (status, without(&text)) != (none, without(&nothing)) {
                wrong.push(format!("{who} {path}: {text} where there is none: {nothing}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
