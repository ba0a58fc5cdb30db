//! Bad input: each kind gets its own problem, and names the field.

use axum::body::Body;
use axum::http::{Method, Request, header};

use super::{House, request};

const INCIDENTS: &str = "/api/v1/incidents";

async fn post(house: &House, token: &str, content_type: &str, body: impl Into<Body>) -> super::Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(INCIDENTS)
        .header(header::HOST, "pos.example");
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap();
    house.send(request).await
}

#[tokio::test]
async fn bad_bodies_are_told_apart() {
    let house = House::new().await;
    let token = house.token("owner").await;
    let json = "application/json; charset=utf-8";
    for broken in [
        "{",
        "{\"terminal_id\": }",
        "\u{1}",
        r#"{"terminal_id": "10450001"} {}"#,
        &"[".repeat(10_000),
    ] {
        post(&house, &token, json, broken.to_owned())
            .await
            .problem(400, "malformed_json");
    }
    post(&house, &token, json, vec![0xff, 0xfe])
        .await
        .problem(400, "malformed_json");
    for (body, field) in [
        (r#"{}"#, "terminal_id"),
        (r#"{"terminal_id": 7}"#, "terminal_id"),
        (r#"{"terminal_id": "10450001", "manner": "eaten"}"#, "manner"),
        (
            r#"{"terminal_id": "10450001", "last_seen_at": "yesterday"}"#,
            "last_seen_at",
        ),
        (
            r#"{"terminal_id": "10450001", "last_seen_at": 5}"#,
            "last_seen_at",
        ),
        (r#"{"terminal_id": "10450001", "colour": "black"}"#, "colour"),
        (r#"{"terminal_id": "10450001", "place": ["till"]}"#, "place"),
        (r#"{"terminal_id": "10450001", "place": "\u0000"}"#, "place"),
    ] {
        let answer = post(&house, &token, json, body).await;
        assert_eq!(
            answer.problem(422, "invalid_field").body["field"],
            field,
            "{body}"
        );
    }
    let long = format!(
        r#"{{"terminal_id": "10450001", "circumstances": "{}"}}"#,
        "丢".repeat(2001)
    );
    assert_eq!(
        post(&house, &token, json, long)
            .await
            .problem(422, "invalid_field")
            .body["field"],
        "circumstances"
    );
    post(&house, &token, json, r#"["10450001", null, null, null, null]"#)
        .await
        .problem(400, "malformed_json");
    post(&house, &token, json, " ".repeat(64 * 1024 + 1))
        .await
        .problem(413, "body_too_large");
    post(&house, &token, "text/plain", "{}")
        .await
        .problem(415, "unsupported_media_type");
    for unknown in [r#"{"terminal_id": "10459999"}"#, r#"{"terminal_id": "终端"}"#] {
        post(&house, &token, json, unknown)
            .await
            .problem(404, "terminal_not_found");
    }
    assert!(
        house.get(&token, INCIDENTS).await.ok()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let house = House::new().await;
    let token = house.token("owner").await;
    for (path, field) in [
        ("/transactions?from=22.11.2026", "from"),
        ("/transactions?to=2026-13-01T00:00:00Z", "to"),
        ("/transactions?decision=perhaps", "decision"),
        ("/transactions?cursor=abc", "cursor"),
        ("/transactions?cursor=1.10450001.2.3", "cursor"),
        ("/transactions?limit=0", "limit"),
        ("/transactions?limit=1001", "limit"),
        ("/transactions?limit=many", "limit"),
        ("/transactions?colour=black", "colour"),
        ("/transactions?limit=5&limit=6", "limit"),
        ("/terminals?state=eaten", "state"),
        ("/terminals?merchant_id=%F0%9F%91%BB", "merchant_id"),
        ("/terminals?cursor=123456789", "cursor"),
        ("/incidents?state=shut", "state"),
        ("/incidents?cursor=5", "cursor"),
    ] {
        let answer = house.get(&token, &format!("/api/v1{path}")).await;
        assert_eq!(
            answer.problem(422, "invalid_field").body["field"],
            field,
            "{path}"
        );
    }
    let long = format!("/api/v1/terminals?q={}", "a".repeat(101));
    assert_eq!(
        house.get(&token, &long).await.problem(422, "invalid_field").body["field"],
        "q"
    );
    house
        .get(&token, "/api/v1/terminals/%FF")
        .await
        .problem(400, "malformed_request");
}

#[tokio::test]
async fn elsewhere_and_otherwise_are_problems_too() {
    let house = House::new().await;
    let token = house.token("owner").await;
    for path in [
        "/api",
        "/api/v1/nothing",
        "/api/v2/terminals",
        "/api/v1/terminals/a/b",
    ] {
        house.get(&token, path).await.problem(404, "not_found");
    }
    let put = house
        .send(request(Method::PUT, "/api/v1/transactions", &token, None))
        .await;
    assert_eq!(
        put.problem(405, "method_not_allowed").headers[header::ALLOW],
        "GET,HEAD"
    );
    let document = house.get("", "/api/openapi.json").await.ok();
    assert_eq!(document["info"]["title"], "Tillguard");
}

#[tokio::test]
async fn sentences_follow_the_readers_language() {
    let house = House::new().await;
    let mut request = request(Method::GET, "/api/v1/shops", "", None);
    request
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9".parse().unwrap());
    assert_eq!(
        house.send(request).await.problem(401, "unauthenticated").body["detail"],
        "请先登录。"
    );
    assert_eq!(
        house.get("", "/api/v1/shops").await.body["detail"],
        "Log in first."
    );
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let house = House::new().await;
    for path in ["/api/v1/shops", "/", "/terminals/10450001"] {
        let answer = house.get("", path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "same-origin");
    }
}
