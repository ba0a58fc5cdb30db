//! Live events.

use axum::body::BodyDataStream;
use axum::http::{Method, header};
use serde_json::json;
use tokio_stream::StreamExt;
use tower::ServiceExt;

use super::{House, request};

/// An open stream, read event by event.
pub(super) struct Events {
    stream: BodyDataStream,
    text: String,
}

impl Events {
    pub(super) async fn open(house: &House, token: &str, incident: &str, last: Option<&str>) -> Self {
        Self::open_at(house, token, &format!("{incident}/events"), last).await
    }

    async fn open_at(house: &House, token: &str, path: &str, last: Option<&str>) -> Self {
        let path = format!("/api/v1/incidents/{path}");
        let mut request = request(Method::GET, &path, token, None);
        if let Some(last) = last {
            request
                .headers_mut()
                .insert("Last-Event-ID", last.parse().unwrap());
        }
        let response = house.api.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event's id and kind; `None` at the stream's end.
    pub(super) async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim()
                };
                assert_eq!(line("event:"), "timeline");
                let item: serde_json::Value = serde_json::from_str(line("data:")).unwrap();
                let next = (line("id:").to_owned(), item["kind"].as_str().unwrap().to_owned());
                self.text = rest.to_owned();
                return Some(next);
            }
            let bytes = self.stream.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    async fn expect(&mut self, events: &[(&str, &str)]) {
        for (id, kind) in events {
            assert_eq!(self.next().await, Some((id.to_string(), kind.to_string())));
        }
    }
}

#[tokio::test]
async fn a_stream_sends_what_was_and_what_comes() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let mut events = Events::open(&house, &owner, &id, None).await;
    events
        .expect(&[
            ("1", "reported"),
            ("2", "suspended"),
            ("3", "receipt"),
            ("4", "duties_drawn_up"),
        ])
        .await;
    house.ask("10450001", 1).await;
    events.expect(&[("5", "attempt_refused"), ("6", "alarm")]).await;
    let mut resumed = Events::open(&house, &owner, &id, Some("5")).await;
    resumed.expect(&[("6", "alarm")]).await;
    house
        .post(
            &owner,
            &format!("/api/v1/incidents/{id}/alarm/acknowledge"),
            json!({}),
        )
        .await
        .ok();
    events.expect(&[("7", "alarm_acknowledged")]).await;
    resumed.expect(&[("7", "alarm_acknowledged")]).await;
}

#[tokio::test]
async fn streams_end_with_the_session_and_with_the_node() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    let mut of_owner = Events::open(&house, &owner, &id, Some("4")).await;
    let mut of_risk = Events::open(&house, &risk, &id, Some("4")).await;
    house
        .send(request(Method::DELETE, "/api/v1/session", &owner, None))
        .await;
    house.ask("10450001", 1).await;
    assert_eq!(of_owner.next().await, None);
    of_risk.expect(&[("5", "attempt_refused"), ("6", "alarm")]).await;
    house.stop.send_replace(true);
    assert_eq!(of_risk.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_at_once_when_its_session_is_ended_elsewhere() {
    let house = House::new().await;
    let (here, there) = (house.token("owner").await, house.token("owner").await);
    let id = house.lose(&here, "10450001").await;
    let mut stream = Events::open(&house, &there, &id, Some("4")).await;
    // Nothing happens to the incident, and the next sign of life is 15 seconds away.
    let others = house.post(&here, "/api/v1/sessions/end-others", json!({})).await;
    assert_eq!(others.status, 204);
    let soon = std::time::Duration::from_secs(10);
    assert_eq!(tokio::time::timeout(soon, stream.next()).await, Ok(None));
}

#[tokio::test]
async fn a_stream_ends_at_once_when_its_key_is_revoked() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let id = house.lose(&owner, "10450001").await;
    let body = json!({ "name": "ERP", "rights": [], "days": 1 });
    let made = house.post(&owner, "/api/v1/api-keys", body).await.ok();
    let mut stream = Events::open(&house, made["key"].as_str().unwrap(), &id, None).await;
    stream
        .expect(&[
            ("1", "reported"),
            ("2", "suspended"),
            ("3", "receipt"),
            ("4", "duties_drawn_up"),
        ])
        .await;
    let key = format!("/api/v1/api-keys/{}/revoke", made["id"].as_str().unwrap());
    house.post(&owner, &key, json!({})).await.ok();
    // The next sign of life is 15 seconds away.
    let soon = std::time::Duration::from_secs(10);
    assert_eq!(tokio::time::timeout(soon, stream.next()).await, Ok(None));
}

#[tokio::test]
async fn an_account_has_five_streams() {
    let house = House::new().await;
    let (owner, risk) = (house.token("owner").await, house.token("risk").await);
    let id = house.lose(&owner, "10450001").await;
    let path = format!("/api/v1/incidents/{id}/events");
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(Events::open(&house, &owner, &id, None).await);
    }
    house.get(&owner, &path).await.problem(429, "too_many_streams");
    let other = Events::open(&house, &risk, &id, None).await;
    // Places come back when streams end.
    house.stop.send_replace(true);
    for mut events in streams.into_iter().chain([other]) {
        while events.next().await.is_some() {}
    }
    Events::open(&house, &owner, &id, None).await;
}

#[tokio::test]
async fn a_first_stream_begins_after_what_is_known() {
    let house = House::new().await;
    let owner = house.token("owner").await;
    let incident = house.lose(&owner, "10450001").await;
    let shown = house
        .get(&owner, &format!("/api/v1/incidents/{incident}"))
        .await
        .ok();
    let known = shown["last_sequence"].as_i64().unwrap();
    let path = format!("{incident}/events?after={known}");
    let mut events = Events::open_at(&house, &owner, &path, None).await;
    house.ask("10450001", 1).await;
    let next = (known + 1).to_string();
    events.expect(&[(&next, "attempt_refused")]).await;
    // After a break the browser says itself what it has, and that counts.
    let mut again = Events::open_at(&house, &owner, &path, Some(&next)).await;
    again.expect(&[(&(known + 2).to_string(), "alarm")]).await;
}
