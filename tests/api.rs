//! Bad input at the HTTP API: every answer is a problem with a stable code, and nothing changes.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::{Answered, Api, Folder, Launch, Node};

/// One request that must fail: method, path, body, status, code.
type Case<'a> = (&'a str, String, Option<String>, u16, &'a str);

async fn node(folder: &Folder) -> Result<Node> {
    Launch::new(folder)?.start().await
}

fn check(what: &str, answered: &Answered, status: u16, code: &str) -> Result<()> {
    let body = &answered.body;
    ensure!(
        (answered.status, body["code"].as_str()) == (status, Some(code)),
        "{what}: {status} {code} wanted, got {answered:?}"
    );
    ensure!(
        answered.content_type == "application/problem+json",
        "{what}: {answered:?}"
    );
    ensure!(
        body["status"] == status
            && body["title"].is_string()
            && body["detail"].is_string()
            && body["reference"].is_string(),
        "{what}: not a whole problem: {body}"
    );
    Ok(())
}

/// Asks them all; every wrong answer at once.
async fn check_all(api: &Api, cases: Vec<Case<'_>>) -> Result<()> {
    let mut wrong = Vec::new();
    for (method, path, body, status, code) in cases {
        let shown = body.clone().unwrap_or_default();
        let what = format!("{method} {path} {}", shown.get(..80).unwrap_or(&shown));
        let answered = api.call(method, &path, body).await.with_context(|| what.clone());
        let checked = answered.and_then(|answered| check(&what, &answered, status, code));
        wrong.extend(checked.err().map(|error| format!("{error:#}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_problem_with_a_code_and_changes_nothing() -> Result<()> {
    let folder = Folder::new()?;
    let mut node = node(&folder).await?;
    let owner = node.api_as("owner").await?;
    let terminal_id = node.ready.terminals[0].id().to_owned();
    let report = |body: String, status, code| ("POST", "/incidents".to_owned(), Some(body), status, code);
    let get = |path: &str, status, code| ("GET", path.to_owned(), None, status, code);
    let long = |len: usize| json!({"terminal_id": terminal_id, "circumstances": "x".repeat(len)}).to_string();
    check_all(
        &owner,
        vec![
            report("{".into(), 400, "malformed_json"),
            report("not json".into(), 400, "malformed_json"),
            report(
                format!("{{\"terminal_id\":\"{terminal_id}\"}} trailing"),
                400,
                "malformed_json",
            ),
            report("[".repeat(5_000), 400, "malformed_json"),
            report("\"\u{0}\"".into(), 400, "malformed_json"),
            report("[]".into(), 400, "malformed_json"),
            report("{}".into(), 422, "invalid_field"),
            report(json!({"terminal_id": 30501101}).to_string(), 422, "invalid_field"),
            report(
                json!({"terminal_id": terminal_id, "manner": "eaten"}).to_string(),
                422,
                "invalid_field",
            ),
            report(
                json!({"terminal_id": terminal_id, "last_seen_at": "soon"}).to_string(),
                422,
                "invalid_field",
            ),
            report(
                json!({"terminal_id": terminal_id, "surprise": 1}).to_string(),
                422,
                "invalid_field",
            ),
            report(long(2_001), 422, "invalid_field"),
            report(long(70_000), 413, "body_too_large"),
            report(
                json!({"terminal_id": "99999999"}).to_string(),
                404,
                "terminal_not_found",
            ),
            get("/terminals/99999999", 404, "terminal_not_found"),
            get("/incidents/NOTHING", 404, "incident_not_found"),
            get("/incidents/..%2f..%2fetc%2fpasswd", 404, "incident_not_found"),
            get("/transactions?terminal_id=99999999", 404, "terminal_not_found"),
            get("/transactions?limit=0", 422, "invalid_field"),
            get("/transactions?limit=99999999999999999999", 422, "invalid_field"),
            get("/transactions?cursor=%00", 422, "invalid_field"),
            get("/transactions?from=yesterday", 422, "invalid_field"),
            get("/transactions?decision=maybe", 422, "invalid_field"),
            get("/transactions?surprise=1", 422, "invalid_field"),
            get("/nowhere", 404, "not_found"),
            (
                "PATCH",
                "/incidents".into(),
                Some("{}".into()),
                405,
                "method_not_allowed",
            ),
            get("/gate", 403, "not_allowed"),
        ],
    )
    .await?;
    // Far too much: the server need not read it to the end, so the answer may be lost on the way.
    if let Ok(answered) = owner.call("POST", "/incidents", Some(long(20_000_000))).await {
        check("a huge body", &answered, 413, "body_too_large")?;
    }
    let incidents = owner.get("/incidents").await?;
    ensure!(
        incidents["items"] == json!([]),
        "something was opened: {incidents}"
    );
    let terminal = owner.get(&format!("/terminals/{terminal_id}")).await?;
    ensure!(terminal["state"] == "running", "{terminal}");
    node.check_alive()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_or_stops_what_is_not_theirs() -> Result<()> {
    let folder = Folder::new()?;
    let node = node(&folder).await?;
    let nobody = node.api();
    let [owner, other, auditor] = ["owner", "owner2", "auditor"];
    let (owner, other, auditor) = (
        node.api_as(owner).await?,
        node.api_as(other).await?,
        node.api_as(auditor).await?,
    );
    let of_owner = owner.get("/terminals?limit=1").await?["items"][0]["terminal_id"].clone();
    let report = json!({"terminal_id": of_owner}).to_string();
    let of_owner = of_owner.as_str().unwrap_or_default().to_owned();
    let everything = |status, code: &'static str| -> Vec<Case<'static>> {
        let paths = [
            "/session",
            "/shops",
            "/terminals",
            "/transactions",
            "/incidents",
            "/gate",
        ];
        let get = |path: &&str| ("GET", (*path).to_owned(), None, status, code);
        paths
            .iter()
            .map(get)
            .chain([("POST", "/incidents".into(), Some("{}".into()), status, code)])
            .collect()
    };
    check_all(&nobody, everything(401, "unauthenticated")).await?;
    check_all(
        &nobody.with_token("never-given"),
        everything(401, "unauthenticated"),
    )
    .await?;
    check_all(
        &nobody.with_token(&"x".repeat(5_000)),
        everything(401, "unauthenticated"),
    )
    .await?;

    let strangers = |report: &str| -> Vec<Case<'static>> {
        vec![
            (
                "GET",
                format!("/terminals/{of_owner}"),
                None,
                404,
                "terminal_not_found",
            ),
            (
                "GET",
                format!("/transactions?terminal_id={of_owner}"),
                None,
                404,
                "terminal_not_found",
            ),
            (
                "POST",
                format!("/terminals/{of_owner}/lock"),
                Some("{}".into()),
                404,
                "terminal_not_found",
            ),
            (
                "POST",
                "/incidents".into(),
                Some(report.to_owned()),
                404,
                "terminal_not_found",
            ),
        ]
    };
    check_all(&other, strangers(&report)).await?;
    check(
        "an auditor's report",
        &auditor.call("POST", "/incidents", Some(report)).await?,
        403,
        "not_allowed",
    )?;

    let incident = owner.report_lost(&of_owner).await?;
    let id = incident["id"].as_str().unwrap_or_default();
    let found = json!({ "kind": "false_alarm", "statement": "mine" }).to_string();
    check_all(
        &other,
        vec![
            ("GET", format!("/incidents/{id}"), None, 404, "incident_not_found"),
            (
                "GET",
                format!("/incidents/{id}/timeline"),
                None,
                404,
                "incident_not_found",
            ),
            (
                "POST",
                format!("/incidents/{id}/found"),
                Some(found.clone()),
                404,
                "incident_not_found",
            ),
            (
                "POST",
                format!("/incidents/{id}/found/confirm"),
                Some("{}".into()),
                404,
                "incident_not_found",
            ),
        ],
    )
    .await?;
    check(
        "an auditor's word",
        &auditor
            .call("POST", &format!("/incidents/{id}/found"), Some(found))
            .await?,
        403,
        "not_allowed",
    )?;

    owner.call("DELETE", "/session", None).await?.expect(204)?;
    check_all(&owner, everything(401, "unauthenticated")).await?;
    let wrong = json!({"login": "owner", "password": "wrong"}).to_string();
    check(
        "a wrong password",
        &nobody.call("POST", "/session", Some(wrong)).await?,
        401,
        "invalid_credentials",
    )
}
